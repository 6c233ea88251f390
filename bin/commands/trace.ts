import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { makeBundle, proofOfPart, renderLife, renderPartProof } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../environment.ts'

interface TraceOptions {
  data?: string
  json?: boolean
  bundle?: string
  key?: string
  lang: string
}

export function addTrace(program: Command, environment: Environment): void {
  program
    .command('trace <serial>')
    .description('print the life of a part: serial, canonical URI, or the text of its label')
    .option('--data <dir>', 'data directory (or SIGHTLINE_DATA_DIR)')
    .option('--json', 'print JSON')
    .option('--bundle <file>', 'write the evidence about the part to a file that `verify` checks anywhere')
    .option(
      '--key <file>',
      'private key of the log when it does not lie in the data directory; signs the bundle',
    )
    .option('--lang <language>', 'zh or en', 'en')
    .action(async (serial: string, o: TraceOptions) => {
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
        const proof = await proofOfPart(dir, serial)
        if (o.json) process.stdout.write(`${JSON.stringify({ ...life, proof }, null, 2)}\n`)
        else
          process.stdout.write(`${renderLife(life, o.lang)}${proof ? renderPartProof(proof, o.lang) : ''}\n`)
        if (o.bundle !== undefined)
          await writeFile(
            o.bundle,
            `${JSON.stringify(await makeBundle(dir, serial, o.key ?? null), null, 1)}\n`,
          )
      } finally {
        query.close()
      }
    })
}
