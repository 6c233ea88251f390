import { describe, expect, it } from 'vitest'
import { retentionSchema } from '../../contracts/index.ts'
import { issuesWith } from './samples/line-issues.ts'

const camera = { adapter: 'sample-line', rate: 2 }
const issues = issuesWith(camera)
describe('a line file', () => {
  // 2^31 ms, where setTimeout would end at once: every part would be late.
  it.each([
    ['a budget', { budgetMs: 2 ** 31 }, /^stations\.0\.budgetMs: .*1000000000/],
    ['a stale time', { camera: { ...camera, staleMs: 3e9 } }, /^stations\.0\.camera\.staleMs: /],
    ['a rate of one in 30 years', { camera: { ...camera, rate: 1e-9 } }, /^stations\.0\.camera\.rate: /],
  ])('is refused for %s that no timer holds', (_, station, message) =>
    expect(issues(station)).toEqual([expect.stringMatching(message)]),
  )

  it('is refused for an interlock that could never alarm', () => {
    const samePlace = { window: 20, count: 21, radiusPx: 5 }
    expect(issues({ interlock: { samePlace } })).toEqual([
      'stations.0.interlock.samePlace.count: at most window, or it never alarms',
    ])
    expect(issues({ interlock: { samePlace: { ...samePlace, count: 20 } } })).toEqual([])
  })

  it.each([1, 10])('is refused for a budget of %i ms, of which nothing is left to judge', (budgetMs) => {
    expect(issues({ budgetMs })).toEqual([
      expect.stringMatching(/^stations\.0\.budgetMs: more than 10: the gate is told so much before/),
    ])
    expect(issues({ budgetMs: 11 })).toEqual([])
  })

  it('is refused for an alarm at more than all parts', () => {
    const share = (of: number) => issues({ interlock: { rate: { window: 10, share: of } } })
    expect(share(1)).toEqual([expect.stringMatching(/^stations\.0\.interlock\.rate\.share: /)])
    expect(share(0.99)).toEqual([])
  })

  it('is refused for a station whose upstream stations do not stand before it', () => {
    const b = { id: 'b', camera, recipe: 'r@1', budgetMs: 2_000 }
    const named = (upstream: string[]) =>
      issues(
        {},
        {
          stations: [
            { ...b, id: 'a' },
            { ...b, upstream },
          ],
        },
      )
    expect(named(['a'])).toEqual([])
    expect(named([])).toEqual([])
    for (const other of ['b', 'c'])
      expect(named(['a', other])).toEqual([
        'stations.1.upstream.1: a station that stands before b in this file',
      ])
  })

  it('is refused for a station that wants the word of one behind it', () => {
    const b = { id: 'b', camera, recipe: 'r@1', budgetMs: 2_000 }
    const wants = (judgedAt: unknown) =>
      issues(
        {},
        {
          stations: [
            { ...b, id: 'a' },
            { ...b, judgedAt },
          ],
        },
      )
    expect(wants(['a', ['a']])).toEqual([])
    for (const other of ['b', ['a', 'c']])
      expect(wants(['a', other])).toEqual([
        'stations.1.judgedAt.1: a station that stands before b in this file',
      ])
  })

  it('is refused for registers that a PLC does not have', () => {
    const reject = (baseRegister: number) => ({
      reject: { adapter: 'modbus-tcp', host: 'plc', baseRegister },
    })
    for (const base of [65_521, 65_530, 1e9])
      expect(issues(reject(base))).toEqual([
        expect.stringMatching(/^stations\.0\.reject\.baseRegister: .*65520/),
      ])
    expect(issues(reject(65_520))).toEqual([])
  })

  it('says how long the heartbeat of a PLC may stand still, or that there is none', () => {
    const still = (heartbeatMs: number) =>
      issues({ reject: { adapter: 'modbus-tcp', host: 'plc', heartbeatMs } })
    expect([still(0), still(20_000)]).toEqual([[], []])
    expect(still(-1)).toEqual([expect.stringMatching(/^stations\.0\.reject\.heartbeatMs: /)])
  })

  it('is refused for slots larger than any image', () => {
    const frames = (slotBytes: number) => issues({}, { frames: { slotBytes } })
    expect(frames(Number.MAX_SAFE_INTEGER)).toEqual([
      expect.stringMatching(/^frames\.slotBytes: .*1073741824/),
    ])
    expect(frames(2 ** 30)).toEqual([])
  })

  it('is refused where anybody on the network could push frames or reads', () => {
    const push = (host: string, more: object = {}) =>
      issues({ camera: { adapter: 'http-push', port: 9001, host, ...more } })
    const wrong = (at: string) =>
      expect.stringMatching(new RegExp(`^${at}\\.token: a token .* because \\S+ is not a loopback address`))
    for (const host of ['0.0.0.0', '::', '10.0.0.3', 'localhost.plant.example'])
      expect(push(host)).toEqual([wrong('stations\\.0\\.camera')])
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) expect(push(host)).toEqual([])
    expect(push('0.0.0.0', { token: 'x'.repeat(16) })).toEqual([])
    const reads = { id: 'r', adapter: 'http-reads', port: 9001, host: '0.0.0.0' }
    const association = [{ reader: 'r', by: 'manual', withinMs: 60_000 }]
    expect(issues({ association }, { readers: [reads] })).toEqual([wrong('readers\\.0')])
  })

  it('may wait for long, and run slowly', () => {
    expect(issues({ budgetMs: 86_400_000, camera: { ...camera, rate: 0.0001 } })).toEqual([])
    expect(retentionSchema.safeParse({ minFreeBytes: 1, everyMs: 3e9 }).success).toBe(false)
  })
})
