import type { Command } from 'commander'
import {
  CodedError,
  fromFact,
  type TraceFact,
  traceFactSchema,
  UNIT_DISPOSITIONS,
  uuidv7,
} from '../../contracts/index.ts'
import type { Environment } from '../setup/environment.ts'
import { requireWords } from '../line/on-record.ts'
import { dataDirOf, stateFacts } from '../line/state-facts.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  by?: string
  reason?: string
}

/** `sightline dispose`: a named person decides what becomes of a unit, above all of one that was held. */
export function addDispose(program: Command, environment: Environment): void {
  program
    .command('dispose <unit> <disposition>')
    .description(`decide what becomes of a unit: ${UNIT_DISPOSITIONS.join(', ')}`)
    .option(...DATA_OPTION)
    .option('--reason <text>', 'why, as record and pages will show it')
    .option('--by <name>', 'who decides')
    .action((unit: string, disposition: string, o: Options) => decide(unit, disposition, o, environment))
}

async function decide(unit: string, asked: string, o: Options, environment: Environment): Promise<void> {
  const disposition = UNIT_DISPOSITIONS.find((d) => d === asked)
  if (disposition === undefined)
    throw new CodedError('CFG_USAGE', {
      expected: UNIT_DISPOSITIONS.join(' | '),
      actual: asked,
      ...(asked === 'hold' ? { hint: `sightline hold unit/${unit}` } : {}),
    })
  requireWords(o, ['reason', 'by'])
  const fact: TraceFact = traceFactSchema.parse({
    id: uuidv7(),
    at: new Date().toISOString(),
    by: o.by,
    kind: 'dispose',
    // A bare name is a unit: nothing else is decided about this way.
    unit: /^(urn:|https?:)|^unit\//.test(unit) ? unit : `unit/${unit}`,
    disposition,
    reason: o.reason,
  })
  const [stated] = await stateFacts(dataDirOf(o.data, environment), [fact])
  if (stated?.error) throw fromFact(stated.error)
  process.stdout.write(
    `${JSON.stringify({ dispose: unit, disposition, position: stated?.ack?.position, id: fact.id })}\n`,
  )
}
