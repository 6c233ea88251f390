import { z } from 'zod'

const DAY_MIN = 1_440

const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day HH:MM in quotes, from 00:00 to 23:59; midnight is 00:00')

const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'a time zone of the IANA database, e.g. Asia/Shanghai' })
  .default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone)

/** One shift of every day, by the clock on the wall; one that ends before it begins crosses midnight. */
const shiftSchema = z.strictObject({
  name: z.string().trim().min(1).max(40),
  from: clock,
  /** Exclusive; the same as `from` = around the clock. */
  to: clock,
})

/** Shifts of a line: together they cover the day once, so that every trigger has exactly one. */
export const shiftsSchema = z
  .strictObject({
    /** Absent = that of this machine. */
    timeZone,
    calendar: z.array(shiftSchema).min(1).max(24),
  })
  .superRefine(({ calendar }, context) => {
    const names = calendar.map((s) => s.name)
    const twice = names.findIndex((name, i) => names.indexOf(name) !== i)
    if (twice >= 0)
      context.addIssue({ code: 'custom', path: ['calendar', twice, 'name'], message: 'a name used once' })
    const faults = coverFaults(calendar)
    if (faults.length > 0)
      context.addIssue({
        code: 'custom',
        path: ['calendar'],
        message: `shifts that cover every minute of the day once: ${faults.join('; ')}`,
      })
  })
export type ShiftsSpec = z.infer<typeof shiftsSchema>

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Minutes since midnight of `HH:MM`. */
export const minuteOfDay = (text: string): number => 60 * Number(text.slice(0, 2)) + Number(text.slice(3))

const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** `14:00-14:30 is in early and late`, `22:00-06:00 is in none`. */
function coverFaults(calendar: readonly z.infer<typeof shiftSchema>[]): string[] {
  const within = Array.from({ length: DAY_MIN }, (_, minute) =>
    calendar.flatMap(({ name, from, to }) => {
      const [start, end] = [minuteOfDay(from), minuteOfDay(to)]
      return (start < end ? minute >= start && minute < end : minute >= start || minute < end) ? [name] : []
    }),
  )
  const of = (minute: number): string => (within[minute % DAY_MIN] ?? []).join(' and ') || 'none'
  const wrong = (minute: number): boolean => within[minute % DAY_MIN]?.length !== 1
  // From a border on, so that a stretch across midnight is named once.
  const border = within.findIndex((_, m) => of(m) !== of(m + DAY_MIN - 1))
  if (border < 0) return wrong(0) ? [`the whole day is in ${of(0)}`] : []
  const faults: string[] = []
  for (let from = border; from < border + DAY_MIN;) {
    let to = from + 1
    while (to < border + DAY_MIN && of(to) === of(from)) to++
    if (wrong(from)) faults.push(`${clockOf(from % DAY_MIN)}-${clockOf(to % DAY_MIN)} is in ${of(from)}`)
    from = to
  }
  return faults
}
