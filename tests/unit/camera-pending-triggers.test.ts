import { expect, it } from 'vitest'
import { ItemFlow } from '../../camera/item-flow.ts'
import { PendingTriggers } from '../../camera/pending-triggers.ts'
import { skipped, TriggerCounter } from '../../camera/trigger-counter.ts'
import { CodedError, monoMs } from '../../contracts/index.ts'

it('a frame that begins once a later part is known to be lost is not that of the part before', async () => {
  const flow = new ItemFlow('free')
  const why = (): CodedError => new CodedError('CAM_TIMEOUT')
  const triggers = new PendingTriggers(flow, new TriggerCounter(5), () => 60_000, why)
  triggers.port.trigger(5)
  triggers.port.lost({ from: 6, to: 6, sinceMs: monoMs(), anew: false })
  expect(triggers.claim()).toBeUndefined()
  triggers.port.trigger(7)
  expect(triggers.claim()?.trigger).toBe(7)
  // Told once more, by a link that is back: no part is lost.
  triggers.port.lost({ from: 6, to: 6, sinceMs: monoMs(), anew: false })
  expect(triggers.claim()?.trigger).toBe(7)
  triggers.settleAll(new CodedError('CAM_GONE'))

  const stop = new AbortController()
  const missed: unknown[] = []
  for await (const item of flow.run(stop.signal, () => Promise.resolve()))
    if (item.kind === 'missed') missed.push([item.trigger, item.code])
  expect(missed).toEqual([
    [5, 'CAM_TIMEOUT'],
    [6, 'CAM_GAP'],
    [7, 'CAM_GONE'],
  ])
})

it.each([
  ['one part each a multiple of 65,536', 1, 65_536, /`baseRegister`/],
  ['the same, told by who counts without its last', 1, 65_535, /`baseRegister`/],
  ['three of them', 1, 3 * 65_536, /`baseRegister`/],
  ['others', 1, 60_000, /^the link/],
  ['a few', 5, 6, /^the link/],
])('a count that goes on by multiples of 65,536 is one that is read wrongly: %s', (_name, last, to, hint) => {
  expect(skipped(last + 1, to).detail.hint).toMatch(hint)
})
