import { expect, it } from 'vitest'
import { ItemFlow } from '../../camera/item-flow.ts'
import { PendingTriggers } from '../../camera/pending-triggers.ts'
import { TriggerCounter } from '../../camera/trigger-counter.ts'
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
