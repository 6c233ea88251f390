import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CodedError, errorText, shiftsSchema } from '../../contracts/index.ts'
import {
  at,
  context,
  failVerdict,
  missed,
  passVerdict,
  RECIPE,
  request,
} from '../unit/samples/traceability-requests.ts'
import type { StoreUnderTest } from './part-store.suite.ts'

/** Contract of the audit of triggers in a stretch of time; every engine runs it. */
export function triggerBalanceSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`trigger balance per shift: ${name}`, () => {
    let s: StoreUnderTest
    beforeEach(async () => {
      s = await open()
    })
    afterEach(async () => {
      await s.dispose()
    })

    it('balances any time by the triggers in it, and all times together sum up to the whole', async () => {
      for (const n of [1, 2, 3, 5, 6, 9])
        await s.store.openTrigger({ station: 'st10', trigger: n, at: at(n) })
      await s.store.capture(request(1, passVerdict()))
      // Triggered in the first time, judged in the second.
      await s.store.capture({ ...request(2, failVerdict()), startedAt: at(2), endedAt: at(5) })
      await s.store.capture(missed(3))
      await s.store.capture(request(6, passVerdict()))
      await s.store.capture({ ...request(6, passVerdict()), attempt: 2, startedAt: at(6) })
      await s.store.capture(request(9, passVerdict()))
      await s.store.capture({ ...request(1, passVerdict()), station: 'st20', startedAt: at(8) })
      const first = await s.store.balance(at(1), at(4))
      const second = await s.store.balance(at(4), at(7))
      const third = await s.store.balance(at(7), at(100))
      expect(first).toEqual([
        { station: 'st10', triggers: 3, verdicts: 2, noVerdicts: 1, open: 0, closed: true },
      ])
      // 4 was skipped on the way to 5.
      expect(second).toEqual([
        { station: 'st10', triggers: 4, verdicts: 2, noVerdicts: 0, open: 1, closed: false, unexplained: 1 },
      ])
      expect(third).toEqual([
        { station: 'st10', triggers: 3, verdicts: 1, noVerdicts: 0, open: 0, closed: false, unexplained: 2 },
        { station: 'st20', triggers: 1, verdicts: 1, noVerdicts: 0, open: 0, closed: true },
      ])
      expect(await s.store.balance(undefined, at(4))).toEqual(first)
      expect(await s.store.balance(at(100), at(200))).toEqual([])
      const sum = (of: 'triggers' | 'verdicts' | 'noVerdicts' | 'open'): number =>
        [...first, ...second, ...third].reduce((n, b) => n + b[of], 0)
      const whole = await s.store.balance()
      for (const of of ['triggers', 'verdicts', 'noVerdicts', 'open'] as const)
        expect(
          whole.reduce((n, b) => n + b[of], 0),
          of,
        ).toBe(sum(of))
    })

    it('counts a number in the time of its trigger where the counter went back', async () => {
      for (const [n, time] of [
        [10, 1],
        [12, 2],
        [11, 50],
        [13, 51],
      ] as const)
        await s.store.capture({ ...request(n, passVerdict()), startedAt: at(time) })
      expect(await s.store.balance(at(0), at(40))).toMatchObject([{ triggers: 2, verdicts: 2, closed: true }])
      expect(await s.store.balance(at(40), at(60))).toMatchObject([
        { triggers: 2, verdicts: 2, closed: true },
      ])
    })

    it('counts the parts of a counter that began anew beside the others, also over a stop', async () => {
      const judge = async (trigger: number, attempt: number, second: number): Promise<void> => {
        await s.store.openTrigger({ station: 'st10', trigger, attempt, at: at(second) })
        await s.store.capture({ ...request(trigger, passVerdict()), attempt, startedAt: at(second) })
      }
      const attempt = Date.parse(at(100))
      for (let n = 1; n <= 20; n++) await judge(n, 1, n)
      for (const n of [1, 2, 3, 6]) await judge(n, attempt, 100 + n)
      // In flight when the power goes; one of them has a number that a camera got here.
      await s.store.openTrigger({ station: 'st10', trigger: 4, attempt, at: at(104) })
      await s.store.openTrigger({ station: 'st10', trigger: 7, at: at(107) })
      const whole = { station: 'st10', verdicts: 24, noVerdicts: 0, open: 2 }
      expect(await s.store.balance()).toEqual([{ ...whole, triggers: 27, closed: false, unexplained: 1 }])
      s = await s.reopen()
      expect(await s.store.lastTrigger('st10')).toEqual({ trigger: 7, attempt })
      // 4, 5, 7 and 8.
      const next = { trigger: 9, attempt }
      expect(await s.store.closeInterrupted('st10', next, RECIPE, context)).toBe(4)
      expect(await s.store.closeInterrupted('st10', next, RECIPE, context)).toBe(0)
      const closed = { station: 'st10', open: 0, closed: true }
      expect(await s.store.balance()).toEqual([{ ...closed, triggers: 28, verdicts: 24, noVerdicts: 4 }])
      expect(await s.store.balance(at(0), at(100))).toEqual([
        { ...closed, triggers: 20, verdicts: 20, noVerdicts: 0 },
      ])
      // The numbers that came unseen, 5 and 8, count at the time of the start.
      expect(await s.store.balance(at(100), at(108))).toEqual([
        { ...closed, triggers: 6, verdicts: 4, noVerdicts: 2 },
      ])
      const lost = s.log.read(0, 100).flatMap((e) => {
        const { trigger, verdict } = e.event.data as {
          trigger: number
          verdict: { noVerdict: string | null }
        }
        return verdict.noVerdict === null ? [] : [trigger]
      })
      expect(lost).toEqual([4, 5, 7, 8])
    })

    it('names a jump in the time of the number behind it', async () => {
      await s.store.capture(request(1, passVerdict()))
      await s.store.capture({ ...request(2_000_000, passVerdict()), startedAt: at(50) })
      await expect(
        s.store.closeInterrupted('st10', { trigger: 2_000_001, attempt: 1 }, RECIPE, context),
      ).rejects.toThrow()
      expect(await s.store.balance(at(0), at(40))).toMatchObject([{ triggers: 1, closed: true }])
      expect(await s.store.balance(at(40), at(60))).toMatchObject([
        { triggers: 1_999_999, unexplained: 1_999_998, gaps: [{ first: 2, last: 1_999_999 }] },
      ])
    })

    it.each([
      ['one that the PLC counted through a night', 12 * 3600, 1_100, null],
      ['a short one, however soon it came', 0, 1_000, null],
      ['more than parts can pass in its time', 6, 1_201, '1201 of station st10 in 6 s: 2 to 1202'],
      ['as many as parts can pass in its time', 6, 1_200, null],
      ['one without time', 0, 1_001, '1001 of station st10 in 0 s: 2 to 1002'],
      ['one behind which the clock was set back', -60, 1_001, '1001 of station st10 in 0 s: 2 to 1002'],
      ['swapped words, in a minute', 60, 65_535, '65535 of station st10 in 60 s: 2 to 65536'],
      ['swapped words, over a night', 12 * 3600, 65_535, '65535 of station st10 in 43200 s: 2 to 65536'],
    ] as const)('closes a gap only if parts can have passed: %s', async (_name, seconds, lost, refused) => {
      await s.store.capture({ ...request(1, passVerdict()), startedAt: at(1) })
      const second = lost + 2
      await s.store.capture({ ...request(second, passVerdict()), startedAt: at(1 + seconds) })
      const next = { trigger: second + 1, attempt: 1 }
      const closing = s.store.closeInterrupted('st10', next, RECIPE, context)
      const whole = { station: 'st10', triggers: lost + 2, verdicts: 2, open: 0 }
      if (refused === null) {
        expect(await closing).toBe(lost)
        expect(await s.store.balance()).toEqual([{ ...whole, noVerdicts: lost, closed: true }])
        return
      }
      const error = await closing.catch((e: unknown) => e as CodedError)
      expect(error).toMatchObject({
        code: 'EVT_SEQUENCE',
        detail: { actual: refused, hint: expect.stringContaining('`baseRegister`') as unknown },
      })
      expect(errorText(error as CodedError).zh).not.toMatch(/[a-z]{3,} [a-z]{3,}/)
      const left = { noVerdicts: 0, closed: false, unexplained: lost, gaps: [{ first: 2, last: lost + 1 }] }
      expect(await s.store.balance()).toEqual([{ ...whole, ...left }])
    })

    it('gives what it closes the shift of its trigger', async () => {
      const shifts = shiftsSchema.parse({
        timeZone: 'UTC',
        calendar: [
          { name: 'early', from: '06:00', to: '06:01' },
          { name: 'rest', from: '06:01', to: '06:00' },
        ],
      })
      await s.store.openTrigger({ station: 'st10', trigger: 59, at: at(59) })
      await s.store.openTrigger({ station: 'st10', trigger: 60, at: at(60) })
      expect(
        await s.store.closeInterrupted('st10', { trigger: 61, attempt: 1 }, RECIPE, context, shifts),
      ).toBe(2)
      const named = s.log.read(0, 20).map((e) => {
        const data = e.event.data as { trigger: number; process: { shift: string } }
        return [data.trigger, data.process.shift]
      })
      expect(named).toEqual([
        [59, 'early'],
        [60, 'rest'],
      ])
    })
  })
}
