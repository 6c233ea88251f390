import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addBalance } from '../../bin/commands/balance.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { ShiftCalendar, shiftsSchema } from '../../contracts/index.ts'
import { openPartStore, openTraceQuery, type TraceStore } from '../../traceability/index.ts'
import { keepShifts, keptShifts } from '../../traceability/query/index.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { formatLine } from '../../traceability/store/spool-line.ts'
import { context, gs1Code, missed, passVerdict, request } from './samples/traceability-requests.ts'

const spec = shiftsSchema.parse({
  timeZone: 'Asia/Shanghai',
  calendar: [
    { name: 'day', from: '07:00', to: '22:00' },
    { name: 'night', from: '22:00', to: '07:00' },
  ],
})
const calendar = new ShiftCalendar(spec)

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-shifts-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
})
afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const judge = (trigger: number, startedAt: string, shift = calendar.at(Date.parse(startedAt)).name) => {
  const r = request(trigger, passVerdict({ codes: [gs1Code(`S${trigger}`)] }), {
    context: { ...context, shift },
  })
  return store.capture({ ...r, startedAt, endedAt: startedAt })
}
async function sameShift(serial: string): Promise<[string, string[]]> {
  const query = openTraceQuery(dataDir)
  try {
    const [life] = await query.unitLives(serial, { shown: 10 })
    const group = life?.siblings.find((s) => s.kind === 'shift')
    return [group?.shared ?? '', (group?.units ?? []).map((u) => u.serial).toSorted()]
  } finally {
    query.close()
  }
}

describe('siblings of the same shift', () => {
  // 07:10, 10:00, 21:50 of one day, 23:00 of its night, 07:10 of the next.
  const TIMES = [
    '2026-01-04T23:10:00.000Z',
    '2026-01-05T02:00:00.000Z',
    '2026-01-05T13:50:00.000Z',
    '2026-01-05T15:00:00.000Z',
    '2026-01-05T23:10:00.000Z',
  ]

  it('are those between its beginning and its end, however long it is', async () => {
    keepShifts(dataDir, spec)
    for (const [i, at] of TIMES.entries()) await judge(i + 1, at)
    expect(await sameShift('S1')).toEqual(['day 2026-01-05', ['S2', 'S3']])
    expect(await sameShift('S3')).toEqual(['day 2026-01-05', ['S1', 'S2']])
    expect(await sameShift('S4')).toEqual(['night 2026-01-05', []])
    expect(await sameShift('S5')).toEqual(['day 2026-01-06', []])
  })

  it('are those of the name within 12 hours where the calendar is another, or damaged', async () => {
    for (const [i, at] of TIMES.entries()) await judge(i + 1, at, 'A')
    keepShifts(dataDir, spec)
    expect(await sameShift('S1')).toEqual(['A', ['S2']])
    writeFileSync(join(dataDir, 'shifts.json'), '{')
    expect(await sameShift('S1')).toEqual(['A', ['S2']])
  })
})

describe('the kept calendar', () => {
  it('is that of the line, with the zone it went by, until the line has none', () => {
    keepShifts(dataDir, spec)
    expect(keptShifts(dataDir)?.spec).toEqual(spec)
    keepShifts(dataDir, undefined)
    expect(keptShifts(dataDir)).toBeNull()
    writeFileSync(join(dataDir, 'shifts.json'), '{"timeZone": "UTC", "calendar": []}')
    expect(() => keptShifts(dataDir)).toThrow(/CFG_INVALID.*calendar/s)
  })
})

describe('sightline balance', () => {
  async function balance(...args: string[]): Promise<string> {
    let out = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true))
    const program = new Command().exitOverride()
    addBalance(program, readEnvironment({}))
    await program.parseAsync(['node', 'sightline', 'balance', '--data', dataDir, ...args])
    vi.restoreAllMocks()
    return out
  }
  const ago = (n: number): string => {
    const shift = calendar.last(n + 1, Date.now())[n]
    return new Date((shift?.fromMs ?? 0) + 1).toISOString()
  }

  it('says the triggers of every shift, and ends with 3 where one does not balance', async () => {
    keepShifts(dataDir, spec)
    await judge(1, ago(2))
    await judge(2, ago(1))
    await store.capture({ ...missed(3), startedAt: ago(1) })
    await judge(4, ago(0))
    const rows = JSON.parse(await balance('--last', '3', '--json')) as { stations: object[] }[]
    expect(rows.map((r) => r.stations)).toMatchObject([
      [{ triggers: 1, verdicts: 1, noVerdicts: 0 }],
      [{ triggers: 2, verdicts: 1, noVerdicts: 1 }],
      [{ triggers: 1, verdicts: 1 }],
    ])
    expect(process.exitCode).toBeUndefined()
    await judge(7, ago(0))
    const [head, now] = (await balance('--last', '2')).split('\n')
    expect(head?.split(/ +/)).toEqual(
      'date shift station triggers verdicts no-verdicts open unexplained balanced'.split(' '),
    )
    const { name, date } = calendar.at(Date.now())
    expect(now?.split(/ +/)).toEqual([date, name, 'st10', '4', '2', '0', '0', '2', 'NO'])
    expect(process.exitCode).toBe(3)
  })

  it('says those of a time, or of all records', async () => {
    await judge(1, '2026-01-05T02:00:00.000Z')
    await judge(2, '2026-01-06T02:00:00.000Z')
    expect(await balance()).toMatch(/st10 +2 +2 +0 +0 +0 +yes/)
    expect(await balance('--from', '2026-01-06')).toMatch(/st10 +1 +1 /)
  })

  it('says that triggers wait which stand in the spool of a running line, and 3 where one is nowhere', async () => {
    const [early, late] = ['2026-01-05T02:00:00.000Z', '2026-01-06T02:00:00.000Z']
    await judge(1, early)
    await judge(5, late)
    const file = join(dataDir, 'spool', '01900000-0000-7000-8000-000000000001.jsonl')
    const announced = (station: string, trigger: number): string =>
      formatLine({ entry: { op: 'openTrigger', ask: { station, trigger, at: late } }, image: null })
    const record = recordOf(missed(3))
    const kept = formatLine({ entry: { op: 'capture', ask: { record, image: null } }, image: null })
    const damaged = announced('st10', 4).replace('2026', '2016')
    // What is written, of another station, or behind the last one is none of those that are missing.
    const others = announced('st10', 5) + announced('st20', 4) + announced('st10', 6)
    writeFileSync(file, announced('st10', 2) + announced('st10', 2) + kept + damaged + others)
    const query = openTraceQuery(dataDir)
    expect(query.triggerBalance()).toMatchObject([{ closed: false, unexplained: 3, waiting: 2 }])
    expect(await balance()).toMatch(/st10 +5 +2 +0 +0 +3 +NO/)
    expect(process.exitCode).toBe(3)
    process.exitCode = undefined
    const whole = announced('st10', 4)
    appendFileSync(file, whole.slice(0, 40))
    expect(query.triggerBalance()).toMatchObject([{ waiting: 2 }])
    appendFileSync(file, whole.slice(40))
    expect(query.triggerBalance()).toMatchObject([{ closed: false, unexplained: 3, waiting: 3 }])
    expect(query.triggerBalance(late)).toMatchObject([{ unexplained: 3, waiting: 3 }])
    expect(query.triggerBalance(undefined, late)).toMatchObject([{ triggers: 1, closed: true }])
    query.close()
    expect(await balance()).toMatch(/st10 +5 +2 +0 +0 +3 +waits/)
    expect(process.exitCode).toBeUndefined()
  })

  it('wants a calendar for shifts, and one way to say the time', async () => {
    await expect(balance('--last', '2')).rejects.toThrow(/CFG_USAGE.*calendar of shifts/s)
    await expect(balance('--last', '2', '--to', '2026-01-06')).rejects.toThrow(/either --last/)
  })
})
