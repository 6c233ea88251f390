import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../contracts/index.ts'
import type { Delivery, EventSink } from '../../traceability/index.ts'

/** Somebody who takes events, and can be gone. */
export interface SinkPeer {
  sink(options: { secret: string; timeoutMs: number }): EventSink & { close(): void }
  /** Ids of the events that were taken, in order. */
  taken(): string[]
  /** What it does with the next one; `silent`: takes it and gives no answer. */
  next(how: 'refuse' | 'silent'): void
  start(): Promise<void>
  stop(): Promise<void>
}

const idle = (): AbortSignal => new AbortController().signal

/** Contract of EventSink; every adapter runs it against a peer that speaks its protocol. */
export function eventSinkSuite(
  name: string,
  newPeer: () => SinkPeer,
  events: () => Promise<LoggedEvent[]>,
): void {
  describe(`EventSink: ${name}`, () => {
    let peer: SinkPeer
    let sink: EventSink & { close(): void }
    let all: LoggedEvent[]
    beforeEach(async () => {
      all = await events()
      peer = newPeer()
      await peer.start()
      sink = peer.sink({ secret: 'sesame', timeoutMs: 4_000 })
    })
    afterEach(async () => {
      sink.close()
      await peer.stop()
    })
    const deliver = (n: number, signal = idle()): Promise<Delivery> => {
      const event = all[n]
      if (event === undefined) throw new Error(`no event ${n}`)
      return sink.deliver(event, signal)
    }

    it('delivers one after the other, and says so when the peer has it', async () => {
      for (let n = 0; n < 4; n++) expect(await deliver(n)).toEqual({ ok: true })
      expect(peer.taken()).toEqual(all.slice(0, 4).map((e) => e.event.id))
    })

    it('is away while nobody is there, goes on when somebody is, and keeps its secret', async () => {
      expect(await deliver(0)).toEqual({ ok: true })
      await peer.stop()
      for (let n = 0; n < 2; n++) {
        const answer = await deliver(1)
        expect(answer).toMatchObject({ ok: false, why: 'away' })
        expect(JSON.stringify(answer)).not.toContain('sesame')
      }
      await peer.start()
      expect(await deliver(1)).toEqual({ ok: true })
      expect(peer.taken()).toEqual(all.slice(0, 2).map((e) => e.event.id))
    })

    it('tells a refusal with its reason, and goes on with the next', async () => {
      peer.next('refuse')
      const answer = await deliver(0)
      expect(answer).toMatchObject({ ok: false, why: 'refused' })
      expect(answer.ok ? '' : answer.reason).not.toBe('')
      expect(await deliver(1)).toEqual({ ok: true })
      expect(peer.taken()).toEqual([all[1]?.event.id])
    })

    it('does not take silence for an answer, nor a late answer for that of another', async () => {
      peer.next('silent')
      expect(await deliver(0)).toMatchObject({ ok: false, why: 'away' })
      expect(await deliver(0)).toEqual({ ok: true })
      expect(await deliver(1)).toEqual({ ok: true })
      expect(peer.taken().slice(-2)).toEqual(all.slice(0, 2).map((e) => e.event.id))
    })

    it('ends early when the line stops', async () => {
      peer.next('silent')
      const stop = new AbortController()
      const started = Date.now()
      setTimeout(() => stop.abort(), 100)
      expect(await deliver(0, stop.signal)).toMatchObject({ ok: false })
      expect(Date.now() - started).toBeLessThan(3_000)
    })
  })
}
