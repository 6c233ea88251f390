import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import {
  makeBundle,
  proofOfPart,
  renderLife,
  renderPartProof,
  renderUnitLife,
} from '../../traceability/index.ts'
import { openTraceQuery, wrongKeyHint } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { plantQuery } from '../plant/address.ts'
import { writeOut } from '../terminal/write-out.ts'
import { addTraceImport } from './trace-import.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface TraceOptions {
  data?: string
  plant?: string | true
  json?: boolean
  bundle?: string
  key?: string
  lang: string
}

export function addTrace(program: Command, environment: Environment): void {
  const trace = program
    .command('trace <serial>')
    .description('print the life of a part: serial, canonical URI, or the text of its label')
    .option(...DATA_OPTION)
    .option('--plant [schema]', 'ask the store of the plant (SIGHTLINE_DATABASE_URL) instead')
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
      if (o.plant !== undefined && o.bundle !== undefined)
        throw new CodedError('CFG_USAGE', {
          expected: '--bundle with the data directory of the line, which holds the proof',
          actual: '--bundle with --plant',
        })
      const dir = o.plant === undefined ? dataDirOf(o.data, environment) : null
      const query = dir === null ? await plantQuery(o.plant, environment) : openTraceQuery(dir)
      try {
        const inspected = await query.bySerial(serial)
        const units = await query.unitLives(serial)
        const hint = wrongKeyHint(serial)
        if (inspected === null && units.length === 0)
          throw new CodedError('TRC_NOT_FOUND', {
            expected: 'a serial, URI or label text that was inspected or commissioned',
            actual: serial,
            ...(hint !== undefined && { hint }),
          })
        if (hint !== undefined) process.stderr.write(`${serial}: ${hint}\n`)
        const proof = inspected === null || dir === null ? null : await proofOfPart(dir, serial)
        if (o.json) process.stdout.write(`${JSON.stringify({ ...inspected, units, proof }, null, 2)}\n`)
        else {
          if (inspected) process.stdout.write(renderLife(inspected, o.lang))
          for (const unit of units) process.stdout.write(`\n${renderUnitLife(unit, o.lang)}`)
          if (proof) process.stdout.write(renderPartProof(proof, o.lang))
        }
        if (o.bundle !== undefined && dir !== null)
          await writeOut(
            o.bundle,
            `${JSON.stringify(await makeBundle(dir, serial, o.key ?? null), null, 1)}\n`,
          )
      } finally {
        query.close()
      }
    })
  addTraceImport(trace, environment)
}
