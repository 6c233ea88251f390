import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ShiftCalendar, shiftRange, shiftsSchema } from '../../contracts/index.ts'
import type { ShiftBalances, StationBalance } from '../../dashboard/index.ts'
import { shiftBalancesSchema, triggerBalanceSchema } from '../../dashboard/server/schemas/part.schema.ts'
import { rawGet, serve, type Served } from './samples/dashboard-serve.ts'

const shifts = new ShiftCalendar(
  shiftsSchema.parse({
    timeZone: 'Asia/Shanghai',
    calendar: [
      { name: '早班', from: '06:00', to: '14:00' },
      { name: 'late', from: '14:00', to: '22:00' },
      { name: 'night', from: '22:00', to: '06:00' },
    ],
  }),
)
let plain: Served
let at: Served

beforeAll(async () => {
  plain = await serve(20)
  at = await serve(0)
  // The served line reads its calendar when it is asked.
  Object.assign(at.line.live, { shifts })
  const [now, before] = shifts.last(2, Date.now())
  for (let i = 0; i < 6; i++)
    at.line.judge({ at: new Date((i < 2 ? (before?.fromMs ?? 0) : (now?.fromMs ?? 0)) + i).toISOString() })
})
afterAll(() => Promise.all([plain.dashboard.close(), at.dashboard.close()]))

const balances = z.array(triggerBalanceSchema)
async function get<S extends z.ZodType>(served: Served, path: string, schema: S): Promise<z.output<S>> {
  const { status, text } = await rawGet(served.port, path)
  expect(status, text).toBe(200)
  return schema.parse(JSON.parse(text))
}
const judged = (of: readonly StationBalance[]): number =>
  of.reduce((n, b) => n + b.verdicts + b.noVerdicts, 0)

describe('the trigger balance', () => {
  it('is that of all records, or of a time in any offset', async () => {
    expect(judged(await get(at, '/api/balance', balances))).toBe(6)
    const [now] = shifts.last(1, Date.now())
    const from = new Date((now?.fromMs ?? 0) + 8 * 3_600_000).toISOString().replace('Z', '+08:00')
    expect(judged(await get(at, `/api/balance?from=${encodeURIComponent(from)}`, balances))).toBe(4)
    expect(judged(await get(at, `/api/balance?to=${encodeURIComponent(from)}`, balances))).toBe(2)
  })

  it('is that of a shift by its name and date', async () => {
    const [now, before] = shifts.last(2, Date.now())
    const of = (s: typeof now): string => `shift=${encodeURIComponent(s?.name ?? '')}&date=${s?.date}`
    expect(judged(await get(at, `/api/balance?${of(now)}`, balances))).toBe(4)
    expect(judged(await get(at, `/api/balance?${of(before)}`, balances))).toBe(2)
  })

  it('lists the last shifts, the running one first', async () => {
    const answer: ShiftBalances = await get(at, '/api/balance/shifts?last=3', shiftBalancesSchema)
    const expected = shifts.last(3, Date.now())
    expect(answer.timeZone).toBe('Asia/Shanghai')
    expect(answer.shifts.map(({ name, date, from, to }) => ({ name, date, from, to }))).toEqual(
      expected.map((s) => ({ name: s.name, date: s.date, ...shiftRange(s) })),
    )
    expect(answer.shifts.map((s) => [s.running, s.closed, judged(s.stations)])).toEqual([
      [true, true, 4],
      [false, true, 2],
      [false, true, 0],
    ])
    expect((await get(at, '/api/balance/shifts', shiftBalancesSchema)).shifts).toHaveLength(6)
  })

  it('has no shifts on a line with one name for all', async () => {
    expect(await get(plain, '/api/balance/shifts', shiftBalancesSchema)).toEqual({
      timeZone: null,
      shifts: [],
    })
    const { status, text } = await rawGet(plain.port, '/api/balance?shift=day&date=2026-01-05')
    expect([status, text]).toEqual([400, expect.stringMatching(/a line with a calendar of shifts/)])
  })

  it.each([
    ['shift=late', /shift and date together/],
    ['date=2026-01-05', /shift and date together/],
    ['shift=noon&date=2026-01-05', /one of 早班, late, night/],
    ['shift=late&date=2026-02-30', /a date/],
    ['shift=late&date=2026-01-05&from=2026-01-05T00:00:00Z', /either from and to/],
    ['from=2026-01-05T00:00:00', /RFC 3339/],
    ['from=2026-01-05T00:00:00Z&to=2026-01-04T00:00:00Z', /not before from/],
  ])('refuses %s', async (query, message) => {
    const { status, text } = await rawGet(at.port, `/api/balance?${query}`)
    expect([status, text]).toEqual([400, expect.stringMatching(message)])
  })

  it.each(['0', '61', 'x'])('refuses a list of %s shifts', async (last) => {
    expect((await rawGet(at.port, `/api/balance/shifts?last=${last}`)).status).toBe(400)
  })
})
