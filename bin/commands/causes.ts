import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { type Analysis, analyse, causesCsv } from '../../dashboard/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { plantQuery } from '../plant/address.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { timeOf, timeRange } from '../terminal/time-range.ts'
import { writeOut } from '../terminal/write-out.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  plant?: string | true
  class?: string
  eachClass?: boolean
  from?: string
  to?: string
  change?: string
  format: string
  out?: string
  bom?: boolean
}

/** `sightline causes`: what goes with the defects, as the page Analysis shows it. */
export function addCauses(program: Command, environment: Environment): void {
  program
    .command('causes')
    .description(
      'what goes with the defects: lots, components, suppliers, stations, holders, shifts …, ranked',
    )
    .option(...DATA_OPTION)
    .option('--plant [schema]', 'ask the store of the plant (SIGHTLINE_DATABASE_URL) instead')
    .option('--class <name>', 'only parts with this defect class are bad, instead of all that failed')
    .option('--each-class', 'compare every frequent defect class by itself, too')
    .option('--from <time>', 'parts judged from this time on (RFC 3339)')
    .option('--to <time>', 'parts judged before this time')
    .option('--change <time>', 'when a countermeasure took effect: the time after it against the time before')
    .option('--format <form>', 'table, csv or json', 'table')
    .option('--out <file>', 'write it there')
    .option(
      '--bom',
      'CSV for a spreadsheet: Excel reads Chinese text right, and keeps numbers and dates that are names',
    )
    .action(async (o: Options) => {
      if (!['table', 'csv', 'json'].includes(o.format))
        throw new CodedError('CFG_USAGE', { expected: '--format table, csv or json', actual: o.format })
      if (o.eachClass && o.class !== undefined)
        throw new CodedError('CFG_USAGE', { expected: 'either --class or --each-class', actual: 'both' })
      const csv = o.format === 'csv' || (o.format === 'table' && o.out !== undefined)
      if (o.bom && !csv)
        throw new CodedError('CFG_USAGE', { expected: '--bom with --format csv', actual: o.format })
      const change = timeOf('--change', o.change)
      const ask = {
        ...timeRange(o),
        ...(o.class !== undefined && { class: o.class }),
        ...(o.eachClass && { eachClass: true }),
        ...(change !== undefined && { change }),
      }
      const query =
        o.plant === undefined
          ? openTraceQuery(dataDirOf(o.data, environment))
          : await plantQuery(o.plant, environment)
      try {
        const answer = await analyse(query, ask)
        if (o.format === 'table' && o.out === undefined) return print(answer)
        const text = csv ? causesCsv(answer, o.bom) : `${JSON.stringify(answer, null, 2)}\n`
        if (o.out === undefined) process.stdout.write(text)
        else await writeOut(o.out, text)
      } finally {
        query.close()
      }
    })
}

const SHOWN = 20
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`
const short = (v: number): string => (v < 0.001 ? v.toExponential(1) : v.toFixed(3))

function print(a: Analysis): void {
  const names = a.causes.some((c) => c.class !== undefined)
  const head = ['factor', 'value', 'bad', 'parts', 'share', 'interval', 'rest', 'ratio', 'p', 'q', 'named']
  printTable(
    [...head, 'together', ...(names ? ['class'] : [])],
    a.causes
      .slice(0, SHOWN)
      .map((c) => [
        c.factor,
        c.value,
        String(c.bad),
        String(c.n),
        percent(c.bad / c.n),
        `${percent(c.shareLow)} - ${percent(c.shareHigh)}`,
        percent(c.restBad / c.restN),
        c.ratio === null ? '-' : c.ratio.toFixed(2),
        short(c.p),
        short(c.q),
        c.named ? 'yes' : 'no',
        c.together.map((t) => `${t.factor}/${t.value}`).join(' '),
        ...(names ? [c.class ?? ''] : []),
      ]),
  )
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const branches = a.ishikawa.filter((b) => b.named > 0).map((b) => `${b.category} ${b.named}`)
  say(
    `\n${a.n} first judgements, ${a.bad} bad, ${a.compared} comparisons; named: ${branches.join(', ') || 'none'}`,
  )
  if (a.change !== null) {
    const { n, bad, beforeN, beforeBad, undecided, beforeUndecided, p } = a.change
    say(`before ${beforeBad} of ${beforeN}, after ${bad} of ${n}; p = ${short(p)}`)
    if (undecided + beforeUndecided > 0)
      say(`inconclusive and not reviewed: ${beforeUndecided} before, ${undecided} after`)
  }
  const left = [
    ...(a.causes.length > SHOWN ? [`${a.compared - SHOWN} comparisons (--format csv has more)`] : []),
    ...(a.cut.undecided > 0 ? [`${a.cut.undecided} parts that are inconclusive and not reviewed`] : []),
    ...a.cut.unjudged.map((u) => `${u.n} inspections without a verdict (${u.reason})`),
    ...(a.cut.repeated > 0 ? [`${a.cut.repeated} looks at parts judged before at that station`] : []),
    ...(a.cut.older ? [`${a.cut.olderInspections} inspections before ${a.since ?? ''}`] : []),
    ...(a.cut.later > 0 ? [`${a.cut.later} links that began after the judgement`] : []),
    ...(a.cut.links ? ['part of the genealogy: too many links'] : []),
    ...a.factors.filter((f) => f.cut > 0).map((f) => `${f.cut} values of ${f.factor} with few parts`),
    ...(a.cut.classes > 0 ? [`${a.cut.classes} rare defect classes by themselves`] : []),
  ]
  if (left.length > 0) process.stderr.write(`not shown or not compared: ${left.join('; ')}\n`)
}
