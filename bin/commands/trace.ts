import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { renderLife } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../environment.ts'

export function addTrace(program: Command, environment: Environment): void {
  program
    .command('trace <serial>')
    .description('print the life of a part: serial, canonical URI, or the text of its label')
    .option('--data <dir>', 'data directory (or SIGHTLINE_DATA_DIR)')
    .option('--json', 'print JSON')
    .option('--lang <language>', 'zh or en', 'en')
    .action(async (serial: string, o: { data?: string; json?: boolean; lang: string }) => {
      if (o.lang !== 'zh' && o.lang !== 'en')
        throw new CodedError('CFG_USAGE', { expected: '--lang zh or en', actual: o.lang })
      const dir = resolve(o.data ?? environment.dataDir ?? '.sightline')
      if (!existsSync(join(dir, 'trace.db'))) {
        throw new CodedError('CFG_DATA_DIR', {
          file: dir,
          expected: 'a data directory of a line',
          hint: 'give it with --data',
        })
      }
      const query = openTraceQuery(dir)
      try {
        const life = await query.bySerial(serial)
        if (!life)
          throw new CodedError('TRC_NOT_FOUND', {
            expected: 'a serial, URI or label text that was inspected',
            actual: serial,
          })
        process.stdout.write(o.json ? `${JSON.stringify(life, null, 2)}\n` : `${renderLife(life, o.lang)}\n`)
      } finally {
        query.close()
      }
    })
}
