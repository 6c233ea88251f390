import { describe, expect, it } from 'vitest'
import { lineSchema, parseStrict, ShiftCalendar, shiftRange, shiftsSchema } from '../../contracts/index.ts'

const THREE = [
  { name: 'early', from: '06:00', to: '14:00' },
  { name: 'late', from: '14:00', to: '22:00' },
  { name: 'night', from: '22:00', to: '06:00' },
]
const calendar = (timeZone: string, shifts: object[] = THREE): ShiftCalendar =>
  new ShiftCalendar(shiftsSchema.parse({ timeZone, calendar: shifts }))

/** Name, date, begin, end and hours of the shift at a moment. */
function at(shifts: ShiftCalendar, iso: string): [string, string, string, string, number] {
  const shift = shifts.at(Date.parse(iso))
  const { from, to } = shiftRange(shift)
  return [shift.name, shift.date, from.slice(0, 16), to.slice(0, 16), (shift.toMs - shift.fromMs) / 3_600_000]
}

describe('a calendar of shifts', () => {
  it('goes by the clock where the line stands, and a night has the date of its evening', () => {
    const shifts = calendar('Asia/Shanghai')
    expect(at(shifts, '2026-01-05T05:59:59.999Z')).toEqual([
      'early',
      '2026-01-05',
      '2026-01-04T22:00',
      '2026-01-05T06:00',
      8,
    ])
    expect(at(shifts, '2026-01-05T06:00:00Z').slice(0, 2)).toEqual(['late', '2026-01-05'])
    expect(at(shifts, '2026-01-05T15:59:00Z').slice(0, 2)).toEqual(['night', '2026-01-05'])
    expect(at(shifts, '2026-01-05T16:00:00Z').slice(0, 2)).toEqual(['night', '2026-01-05'])
    expect(at(shifts, '2026-01-05T21:59:00Z').slice(0, 2)).toEqual(['night', '2026-01-05'])
    expect(at(shifts, '2026-01-05T22:00:00Z').slice(0, 2)).toEqual(['early', '2026-01-06'])
  })

  it('has a shorter night in spring and a longer one in autumn', () => {
    const shifts = calendar('Europe/Berlin')
    expect(at(shifts, '2026-03-29T00:59:59Z')).toEqual([
      'night',
      '2026-03-28',
      '2026-03-28T21:00',
      '2026-03-29T04:00',
      7,
    ])
    expect(at(shifts, '2026-03-29T04:00:00Z').slice(0, 2)).toEqual(['early', '2026-03-29'])
    expect(at(shifts, '2026-10-25T04:59:59Z')).toEqual([
      'night',
      '2026-10-24',
      '2026-10-24T20:00',
      '2026-10-25T05:00',
      9,
    ])
    expect(at(shifts, '2026-10-25T05:00:00Z').slice(0, 2)).toEqual(['early', '2026-10-25'])
  })

  it('changes once at a border that the clock jumps over, or shows twice', () => {
    const shifts = calendar('Europe/Berlin', [
      { name: 'a', from: '02:30', to: '14:30' },
      { name: 'b', from: '14:30', to: '02:30' },
    ])
    expect(shiftRange(shifts.of('a', '2026-03-29')!).from).toBe('2026-03-29T01:00:00.000Z')
    expect(shiftRange(shifts.of('a', '2026-10-25')!).from).toBe('2026-10-25T00:30:00.000Z')
    // 02:15 for the second time: the change was an hour before.
    expect(at(shifts, '2026-10-25T01:15:00Z')[0]).toBe('a')
  })

  it.each(['Europe/Berlin', 'Asia/Shanghai', 'Australia/Lord_Howe'])(
    'gives every moment of a year in %s one shift, each beginning where the last one ended',
    (zone) => {
      const shifts = calendar(zone)
      const year = shifts.last(3 * 365, Date.parse('2026-12-31T12:00:00Z')).toReversed()
      for (const [i, shift] of year.entries()) {
        const next = year[i + 1]
        if (next) expect(next.fromMs).toBe(shift.toMs)
        expect(shifts.of(shift.name, shift.date)).toEqual(shift)
        expect(shifts.at(shift.fromMs)).toEqual(shift)
        expect(shifts.at(shift.toMs - 1)).toEqual(shift)
      }
    },
  )

  it('lists the shifts before a moment, newest first', () => {
    const names = calendar('UTC')
      .last(4, Date.parse('2026-01-05T15:00:00Z'))
      .map((s) => `${s.date} ${s.name}`)
    expect(names).toEqual(['2026-01-05 late', '2026-01-05 early', '2026-01-04 night', '2026-01-04 late'])
    expect(calendar('UTC').of('noon', '2026-01-05')).toBeNull()
  })

  it('may be one shift around the clock, or have the zone of this machine', () => {
    const shifts = calendar('UTC', [{ name: 'all', from: '07:00', to: '07:00' }])
    expect(at(shifts, '2026-01-05T06:59:00Z').slice(0, 2)).toEqual(['all', '2026-01-04'])
    expect(shiftsSchema.parse({ calendar: THREE }).timeZone).toBe(
      new Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
  })
})

const file = (more: object, context: object = {}): string =>
  JSON.stringify({
    line: 'l',
    title: { en: 'l', zh: '线' },
    context,
    stations: [{ id: 'a', camera: { adapter: 'sample-line', rate: 2 }, recipe: 'r@1', budgetMs: 2_000 }],
    ...more,
  })
const shift = (name: string, from: string, to: string): object => ({ name, from, to })

describe('a line file with shifts', () => {
  it.each([
    [
      'a stretch in two shifts',
      { calendar: [shift('a', '06:00', '18:30'), shift('b', '18:00', '06:00')] },
      /shifts\.calendar.*18:00-18:30 is in a and b/,
    ],
    [
      'a stretch across midnight in none',
      { calendar: [shift('a', '06:00', '14:00'), shift('b', '14:00', '22:00')] },
      /shifts\.calendar.*22:00-06:00 is in none/,
    ],
    [
      'both',
      { calendar: [shift('a', '00:00', '12:01'), shift('b', '12:00', '23:00')] },
      /12:00-12:01 is in a and b; 23:00-00:00 is in none/,
    ],
    ['a name twice', { calendar: [shift('a', '06:00', '18:00'), shift('a', '18:00', '06:00')] }, /used once/],
    ['no time of day', { calendar: [shift('a', '24:00', '12:00')] }, /calendar\[0\]\.from.*HH:MM.*24:00/],
    ['an unknown zone', { timeZone: 'Mars/Base', calendar: THREE }, /shifts\.timeZone.*IANA.*Mars\/Base/],
    ['an unknown key', { calendar: THREE, days: ['mon'] }, /days/],
    ['no shift', { calendar: [] }, /shifts\.calendar/],
  ])('is refused for %s', (_, shifts, message) =>
    expect(() => parseStrict(file({ shifts }), lineSchema, 'l.line.yaml')).toThrow(message),
  )

  it('is refused when it also names one shift for all', () => {
    const text = file({ shifts: { calendar: THREE } }, { shift: 'day' })
    expect(() => parseStrict(text, lineSchema, 'l.line.yaml')).toThrow(/shifts.*either context\.shift/)
    expect(parseStrict(file({}, { shift: 'day' }), lineSchema, 'f').context.shift).toBe('day')
    expect(parseStrict(file({ shifts: { calendar: THREE } }), lineSchema, 'f').shifts?.calendar).toEqual(
      THREE,
    )
  })
})
