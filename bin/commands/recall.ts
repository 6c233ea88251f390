import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import {
  openTraceQuery,
  RECALL_COLUMNS,
  RECALL_FORMS,
  recallRow,
  recallText,
} from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { plantQuery } from '../plant/address.ts'
import { printTable } from '../terminal/table.ts'
import { timeRange } from '../terminal/time-range.ts'
import { writeOut } from '../terminal/write-out.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  plant?: string | true
  from?: string
  to?: string
  format: string
  out?: string
  bom?: boolean
}

export function addRecall(program: Command, environment: Environment): void {
  program
    .command('recall <target>')
    .description(
      'every unit that a lot, component, supplier, model, recipe or station went into, and where each is',
    )
    .option(...DATA_OPTION)
    .option('--plant [schema]', 'ask the store of the plant (SIGHTLINE_DATABASE_URL) instead')
    .option('--from <time>', 'only what was judged, or was at the station, from this time on (RFC 3339)')
    .option('--to <time>', 'and before this one')
    .option('--format <form>', 'table, csv, json or epcis (EPCIS 2.0 JSON)', 'table')
    .option('--out <file>', 'write it there')
    .option(
      '--bom',
      'CSV for a spreadsheet: Excel reads Chinese text right, and keeps numbers and dates that are names',
    )
    .action(async (target: string, o: Options) => {
      const form = o.format === 'table' && o.out !== undefined ? 'csv' : o.format
      if (o.bom && form !== 'csv')
        throw new CodedError('CFG_USAGE', { expected: '--bom with --format csv', actual: o.format })
      const query =
        o.plant === undefined
          ? openTraceQuery(dataDirOf(o.data, environment))
          : await plantQuery(o.plant, environment)
      try {
        const list = query.recall({ target, ...timeRange(o) })
        if (list.cut) process.stderr.write('the list is not complete: too many links\n')
        if (form === 'table') {
          // Nearly no unit was merged, or came back.
          const empty = (c: (typeof RECALL_COLUMNS)[number]): boolean =>
            (c === 'aliases' || c.startsWith('returned')) && !list.units.some((u) => u[c as 'aliases'])
          const shown = RECALL_COLUMNS.flatMap((c, n) => (empty(c) ? [] : n))
          printTable(
            shown.map((n) => RECALL_COLUMNS[n] ?? ''),
            list.units.map(recallRow).map((row) => shown.map((n) => row[n] ?? '')),
          )
          const places = Object.entries(list.places).map(([place, n]) => `${place} ${n}`)
          process.stdout.write(
            `\n${list.certain} certain, ${list.probable} probable: ${places.join(', ') || 'none'}\n`,
          )
          return
        }
        const known = RECALL_FORMS.find((f) => f === form)
        if (known === undefined)
          throw new CodedError('CFG_USAGE', {
            expected: '--format table, csv, json or epcis',
            actual: o.format,
          })
        const said = recallText(list, known, { bom: o.bom ?? false, indent: 2 })
        const text = `${said}${known === 'csv' ? '' : '\n'}`
        if (o.out === undefined) process.stdout.write(text)
        else await writeOut(o.out, text)
      } finally {
        query.close()
      }
    })
}
