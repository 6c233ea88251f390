/** Receivers outside, on the page System. */
export const enSinks = {
  sinks: {
    title: 'Receivers outside',
    upToDate: 'up to date',
    delivering: 'delivering',
    retrying: 'retrying since {{since}}',
    gone: 'no longer in the line file',
    position: 'Delivered up to',
    ofEnd: '{{position}} of {{end}}',
    behind: 'Still to go',
    dead: 'Dead letters',
    show: 'Show',
    hide: 'Hide',
    more: 'Older ones',
    tries: 'tries: {{n}}',
    waits: 'is tried again',
    replay: 'Send again',
    replayTitle: 'Send events to {{sink}} again',
    replayDead: 'Its {{n}} dead letters, in order, once each',
    replayFrom: 'Everything behind a position of the log',
    fromLabel: 'Position, 0 to {{position}}',
    means:
      'The receiver gets these events once more and has to drop what it knows by its id. It goes on record.',
    count: '{{n}} events',
    now: 'Send again',
  },
}
