import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { type ShownSink, useLetters, useSinks } from '../api/sink-hooks.ts'
import { countText, timeText } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { SinkReplay } from './sink-replay.tsx'

/** Receivers outside: how far each is, why it takes nothing, what it did not take. Nothing where there are none. */
export function SinksPanel({ any }: { any: boolean }): ReactNode {
  const { t } = useTranslation()
  const { data } = useSinks(any)
  if (!any || data === undefined) return null
  return (
    <Panel title={t('sinks.title')}>
      {data.sinks.map((sink) => (
        <OneSink key={sink.sink} sink={sink} />
      ))}
    </Panel>
  )
}

function OneSink({ sink }: { sink: ShownSink }): ReactNode {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const { position, end, behind, dead, retrying, configured } = sink
  const tone = !configured ? 'muted' : retrying ? 'tone-inconclusive' : 'tone-pass'
  const state = !configured
    ? t('sinks.gone')
    : retrying
      ? t('sinks.retrying', { since: timeText(retrying.since) })
      : t(behind === 0 ? 'sinks.upToDate' : 'sinks.delivering')
  const any = dead > 0 || retrying !== null
  return (
    <div className="sink" data-sink={sink.sink}>
      <div className="health-name">
        <b>{sink.sink}</b>
        <span className={tone}>{state}</span>
      </div>
      {retrying && <p className="tone-inconclusive small">{retrying.reason}</p>}
      <Facts
        items={[
          [t('sinks.position'), t('sinks.ofEnd', { position: countText(position), end: countText(end) })],
          [t('sinks.behind'), t('sinks.count', { n: countText(behind) })],
          [
            t('sinks.dead'),
            <span key="dead" className={dead > 0 ? 'tone-fail' : ''} data-sink-dead={dead}>
              {countText(dead)}
            </span>,
          ],
        ]}
      />
      <div className="sink-buttons">
        {configured && <SinkReplay sink={sink} />}
        {any && (
          <Button size="small" data-sink-letters="" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? 'sinks.hide' : 'sinks.show')}
          </Button>
        )}
      </div>
      {open && any && <Letters sink={sink} />}
    </div>
  )
}

function Letters({ sink: { sink, dead } }: { sink: ShownSink }): ReactNode {
  const { t } = useTranslation()
  const letters = useLetters(sink, dead)
  return (
    <>
      <ul className="sink-letters">
        {(letters.data?.pages ?? [])
          .flatMap((page) => page.letters)
          .map((l) => (
            <li key={l.position} data-letter={l.position}>
              <div className="health-name">
                <span>
                  <span className="mono">#{l.position}</span> {l.subject}
                </span>
                <span className="muted nowrap">{timeText(l.at)}</span>
              </div>
              <div className="muted small">
                {l.type} · {l.state === 'retry' ? t('sinks.waits') : t('sinks.tries', { n: l.attempts })}
              </div>
              <div className={`small ${l.state === 'dead' ? 'tone-fail' : 'tone-inconclusive'}`}>
                {l.reason}
              </div>
            </li>
          ))}
      </ul>
      {letters.hasNextPage && (
        <Button
          size="small"
          loading={letters.isFetchingNextPage}
          onClick={() => void letters.fetchNextPage()}
        >
          {t('sinks.more')}
        </Button>
      )}
    </>
  )
}
