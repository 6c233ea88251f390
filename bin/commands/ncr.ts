import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { type Language, ncrLine, renderNcr } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { plantQuery } from '../plant/address.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  plant?: string | true
  target?: string
  all?: boolean
  json?: boolean
  lang: string
}

/** `sightline ncr`: the nonconformance reports of a line or plant, or one of them with its history. */
export function addNcr(program: Command, environment: Environment): void {
  program
    .command('ncr [id]')
    .description('nonconformance reports that are open, or one with its history')
    .option(...DATA_OPTION)
    .option('--plant [schema]', 'ask the store of the plant (SIGHTLINE_DATABASE_URL) instead')
    .option('--target <thing>', 'only those about lot/…, unit/…, supplier/…, station/…, recipe/…, model/…')
    .option('--all', 'closed and withdrawn ones too')
    .option('--json', 'print JSON')
    .option('--lang <language>', 'zh or en', 'en')
    .action(async (id: string | undefined, o: Options) => {
      if (!isLanguage(o.lang))
        throw new CodedError('CFG_USAGE', { expected: '--lang zh or en', actual: o.lang })
      const query =
        o.plant === undefined
          ? openTraceQuery(dataDirOf(o.data, environment))
          : await plantQuery(o.plant, environment)
      try {
        if (id !== undefined) {
          const ncr = query.ncr(id)
          if (ncr === null)
            throw new CodedError('TRC_NOT_FOUND', {
              expected: 'the id of a nonconformance report',
              actual: id,
            })
          process.stdout.write(o.json ? `${JSON.stringify(ncr, null, 2)}\n` : renderNcr(ncr, o.lang))
          return
        }
        const list = query.ncrs({ open: !o.all, ...(o.target !== undefined && { target: o.target }) })
        if (o.json) process.stdout.write(`${JSON.stringify(list, null, 2)}\n`)
        else {
          const { lang } = o
          printTable(
            ncrLine.header[lang],
            list.reports.map((r) => ncrLine.cells(r, lang)),
          )
          const left = list.total - list.reports.length
          if (left > 0) process.stderr.write(`not listed: ${left} reports that ended longer ago\n`)
        }
      } finally {
        query.close()
      }
    })
}

const isLanguage = (text: string): text is Language => text === 'zh' || text === 'en'
