import { type Shift, type ShiftCalendar, shiftRange } from '../../../contracts/index.ts'
import { Briefly } from '../briefly.ts'
import { badRequest } from '../errors.ts'
import type { LiveLine, PartQueries, StationBalance } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import { shiftBalancesSchema, triggerBalanceSchema } from '../schemas/part.schema.ts'
import { z } from '../zod.ts'

/** Several screens ask for the same numbers. */
const KEEP_MS = 1_000
/** Counting a shift of many parts takes a while, and it is asked for again and again. */
const KEEP_RUNNING_MS = 5_000
/** One that is over changes only when a lost record turns up. */
const KEEP_OVER_MS = 60_000

const time = z.iso.datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' }).optional()
const balanceQuery = z.strictObject({
  from: time,
  to: time,
  /** With `date`: the shift of that name that began on that day. */
  shift: z.string().min(1).optional(),
  date: z.iso.date({ error: 'a date, e.g. 2026-01-31' }).optional(),
})
const lastQuery = z.strictObject({
  last: z
    .string()
    .regex(/^([1-9]|[1-5]\d|60)$/, 'a whole number from 1 to 60')
    .default('6')
    .transform(Number),
})

type Range = { from?: string; to?: string }

export function balanceRoutes(queries: PartQueries, live: LiveLine): Route[] {
  const ask = (key: string): StationBalance[] | Promise<StationBalance[]> => {
    const { from, to } = JSON.parse(key) as Range
    return queries.triggerBalance(from, to)
  }
  const now = new Briefly(KEEP_MS, ask)
  const running = new Briefly(KEEP_RUNNING_MS, ask)
  const over = new Briefly(KEEP_OVER_MS, ask)
  const ofShift = async (shift: Shift, atMs: number) => {
    const range = shiftRange(shift)
    const isRunning = atMs < shift.toMs
    const stations = await (isRunning ? running : over).get(JSON.stringify(range))
    const { name, date } = shift
    return { name, date, ...range, running: isRunning, closed: stations.every((s) => s.closed), stations }
  }
  return [
    jsonRoute({
      path: '/api/balance',
      tag: 'line',
      summary: {
        zh: '触发平衡:触发 = 判定 + 无判定 + 未完成;可按时段 from–to,或按班次 shift 与日期 date',
        en: 'Trigger balance: triggers = verdicts + no-verdicts + open; from one time to another, or of the shift of a date',
      },
      query: balanceQuery,
      response: z.array(triggerBalanceSchema),
      handle: ({ query: { from, to, shift, date } }) => {
        if (shift === undefined && date === undefined) return now.get(JSON.stringify(rangeOf(from, to)))
        if (from !== undefined || to !== undefined)
          throw badRequest('either from and to, or shift and date', 'both', 'query')
        return now.get(JSON.stringify(shiftRange(shiftOf(live.shifts, shift, date))))
      },
    }),
    jsonRoute({
      path: '/api/balance/shifts',
      tag: 'line',
      summary: {
        zh: '最近各班次的触发平衡,当前班次在前',
        en: 'Trigger balance of the last shifts, the running one first',
      },
      query: lastQuery,
      response: shiftBalancesSchema,
      handle: async ({ query: { last } }) => {
        const { shifts } = live
        if (shifts === undefined) return { timeZone: null, shifts: [] }
        const atMs = Date.now()
        return {
          timeZone: shifts.spec.timeZone,
          shifts: await Promise.all(shifts.last(last, atMs).map((s) => ofShift(s, atMs))),
        }
      },
    }),
  ]
}

/** In UTC, as records have their times. */
function rangeOf(from: string | undefined, to: string | undefined): Range {
  const [start, end] = [from, to].map((t) => (t === undefined ? undefined : new Date(t).toISOString()))
  if (start !== undefined && end !== undefined && end < start)
    throw badRequest(`a time that is not before from, ${start}`, end, 'query: to')
  return { ...(start !== undefined && { from: start }), ...(end !== undefined && { to: end }) }
}

function shiftOf(
  shifts: ShiftCalendar | undefined,
  name: string | undefined,
  date: string | undefined,
): Shift {
  if (name === undefined || date === undefined)
    throw badRequest('shift and date together', name === undefined ? 'only date' : 'only shift', 'query')
  if (shifts === undefined)
    throw badRequest('a line with a calendar of shifts', 'one name for all parts', 'query: shift')
  const shift = shifts.of(name, date)
  if (shift === null) throw badRequest(`one of ${shifts.names.join(', ')}`, name, 'query: shift')
  return shift
}
