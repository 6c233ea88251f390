import type { Command } from 'commander'
import { CodedError, shiftRange, type TriggerBalance } from '../../contracts/index.ts'
import { keptShifts, openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { DATA_OPTION, whole } from '../terminal/options.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { timeRange } from '../terminal/time-range.ts'

interface Options {
  data?: string
  last?: number
  from?: string
  to?: string
  json?: boolean
}

/** Triggers of one stretch of time; a shift has its name and date beside it. */
interface Audited {
  name: string | null
  date: string | null
  from: string | null
  to: string | null
  closed: boolean
  stations: TriggerBalance[]
}

/** `sightline balance`: triggers = verdicts + no-verdicts + open, of all records, of a time, or of the last shifts. */
export function addBalance(program: Command, environment: Environment): void {
  program
    .command('balance')
    .description(
      'audit of the triggers: verdicts + no-verdicts + open; exit code 3 where some are in none, nor wait in the spool',
    )
    .option(...DATA_OPTION)
    .option('--last <n>', 'per shift: the running one and those before it, so many together', whole(1, 1_000))
    .option('--from <time>', 'triggers from this time on (RFC 3339)')
    .option('--to <time>', 'triggers before this time')
    .option('--json', 'print JSON')
    .action((o: Options) => {
      const dir = dataDirOf(o.data, environment)
      const audits = audit(dir, o)
      if (o.json) process.stdout.write(`${JSON.stringify(audits, null, 2)}\n`)
      else print(audits)
      if (audits.some((a) => a.stations.some(isMissing))) process.exitCode = 3
    })
}

/** Whether triggers are neither accounted for nor wait to be written. */
const isMissing = (b: TriggerBalance): boolean => !b.closed && b.unexplained !== b.waiting

function audit(dir: string, o: Options): Audited[] {
  const range = timeRange(o)
  if (o.last !== undefined && (o.from !== undefined || o.to !== undefined))
    throw new CodedError('CFG_USAGE', { expected: 'either --last, or --from and --to', actual: 'both' })
  const query = openTraceQuery(dir)
  const of = (name: string | null, date: string | null, { from, to }: typeof range): Audited => {
    const stations = query.triggerBalance(from, to)
    const closed = stations.every((s) => s.closed)
    return { name, date, from: from ?? null, to: to ?? null, closed, stations }
  }
  try {
    if (o.last === undefined) return [of(null, null, range)]
    const shifts = keptShifts(dir)
    if (shifts === null)
      throw new CodedError('CFG_USAGE', {
        path: '--last',
        expected: 'records of a line with a calendar of shifts',
        actual: `no shifts.json in ${dir}`,
        hint: 'write shifts into the line file and start the line once, or give --from and --to',
      })
    return shifts.last(o.last, Date.now()).map((s) => of(s.name, s.date, shiftRange(s)))
  } finally {
    query.close()
  }
}

function print(audits: readonly Audited[]): void {
  const perShift = audits.some((a) => a.name !== null)
  const numbers = ['triggers', 'verdicts', 'no-verdicts', 'open', 'unexplained']
  printTable(
    [...(perShift ? ['date', 'shift'] : []), 'station', ...numbers, 'balanced'],
    audits.flatMap(({ name, date, stations }) => {
      const shift = perShift ? [date ?? '', name ?? ''] : []
      if (stations.length === 0) return perShift ? [[...shift, '-', '0', '0', '0', '0', '0', 'yes']] : []
      return stations.map((b) => [
        ...shift,
        b.station,
        ...[b.triggers, b.verdicts, b.noVerdicts, b.open, b.unexplained ?? 0].map(String),
        b.closed ? 'yes' : isMissing(b) ? 'NO' : 'waits',
      ])
    }),
  )
}
