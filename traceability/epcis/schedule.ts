import { EpcisError } from '../../contracts/index.ts'
import { isObject, shown } from './faults.ts'

/** Query schedule (EPCIS 2.0, 8.2.5.3): which seconds, minutes … match, in UTC; null = every one. */
export interface Schedule {
  second: number[] | null
  minute: number[] | null
  hour: number[] | null
  dayOfMonth: number[] | null
  month: number[] | null
  /** 1 Monday to 7 Sunday. */
  dayOfWeek: number[] | null
}

const RANGES = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  dayOfMonth: [1, 31],
  month: [1, 12],
  dayOfWeek: [1, 7],
} as const
type Field = keyof typeof RANGES
const SCHEDULE_FIELDS = Object.keys(RANGES) as Field[]
/** From the coarsest to the finest. */
const COARSE_TO_FINE: readonly Field[] = ['month', 'dayOfMonth', 'dayOfWeek', 'hour', 'minute', 'second']

/**
 * Reads a schedule: each field a list of numbers and ranges, `1,5` or `[8-17],20`. Fields finer than the finest that
 * is given are 0, so that `hour: 1` is once a day.
 *
 * @throws EpcisError SubscriptionControlsException
 */
export function readSchedule(value: unknown): Schedule {
  if (!isObject(value) || Object.keys(value).length === 0)
    return refuse('', 'at least one of second to dayOfWeek', value)
  for (const key of Object.keys(value))
    if (!(key in RANGES)) refuse(key, `one of ${SCHEDULE_FIELDS.join(', ')}`, value[key])
  const given = COARSE_TO_FINE.filter((f) => value[f] !== undefined)
  const finest = COARSE_TO_FINE.indexOf(given.at(-1) ?? 'month')
  const read = (field: Field): number[] | null => {
    const text = value[field]
    if (text === undefined) return COARSE_TO_FINE.indexOf(field) > finest && isTimeOfDay(field) ? [0] : null
    return numbersOf(field, text)
  }
  const schedule: Schedule = {
    second: read('second'),
    minute: read('minute'),
    hour: read('hour'),
    dayOfMonth: read('dayOfMonth'),
    month: read('month'),
    dayOfWeek: read('dayOfWeek'),
  }
  if (nextTime(schedule, Date.now()) === null)
    refuse('', 'a schedule that a day of the calendar meets', value)
  return schedule
}

const isTimeOfDay = (field: Field): boolean => field === 'hour' || field === 'minute' || field === 'second'

function numbersOf(field: Field, value: unknown): number[] {
  const [least, most] = RANGES[field]
  const text = typeof value === 'number' ? String(value) : value
  const wrong = (): never =>
    refuse(field, `numbers ${least} to ${most} or ranges [a-b], separated by commas`, value)
  if (typeof text !== 'string') return wrong()
  const found = new Set<number>()
  for (const part of text.split(',')) {
    const m = /^(?:(\d{1,2})|\[(\d{1,2})-(\d{1,2})\])$/.exec(part.trim())
    const from = Number(m?.[1] ?? m?.[2] ?? Number.NaN)
    const to = Number(m?.[1] ?? m?.[3] ?? Number.NaN)
    if (!(from >= least && to <= most && from <= to)) return wrong()
    for (let n = from; n <= to; n++) found.add(n)
  }
  return [...found].sort((a, b) => a - b)
}

function refuse(field: string, expected: string, value: unknown): never {
  throw new EpcisError('SubscriptionControlsException', {
    pointer: field === '' ? '/schedule' : `/schedule/${field}`,
    expected,
    actual: shown(value),
  })
}

const holds = (list: readonly number[] | null, n: number): boolean => list === null || list.includes(n)

/** The first second after a moment that meets the schedule, ms; null when there is none within nine years. */
export function nextTime(s: Schedule, afterMs: number): number | null {
  const t = new Date(Math.floor(afterMs / 1000) * 1000 + 1000)
  // Nine years hold a 29 February on each weekday that a century allows.
  const end = afterMs + 9 * 366 * 86_400_000
  while (t.getTime() <= end) {
    if (!holds(s.month, t.getUTCMonth() + 1)) t.setTime(Date.UTC(t.getUTCFullYear(), t.getUTCMonth() + 1, 1))
    else if (
      !holds(s.dayOfMonth, t.getUTCDate()) ||
      !holds(s.dayOfWeek, t.getUTCDay() === 0 ? 7 : t.getUTCDay())
    )
      t.setTime(Date.UTC(t.getUTCFullYear(), t.getUTCMonth(), t.getUTCDate() + 1))
    else if (!holds(s.hour, t.getUTCHours())) t.setUTCHours(t.getUTCHours() + 1, 0, 0)
    else if (!holds(s.minute, t.getUTCMinutes())) t.setUTCMinutes(t.getUTCMinutes() + 1, 0)
    else if (!holds(s.second, t.getUTCSeconds())) t.setUTCSeconds(t.getUTCSeconds() + 1)
    else return t.getTime()
  }
  return null
}
