import type { Command } from 'commander'
import { fromFact, type TraceFact, traceFactSchema, uuidv7 } from '../../contracts/index.ts'
import { shortName } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { requireWords } from '../line/on-record.ts'
import { dataDirOf, stateFacts } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  by?: string
  reason?: string
  at?: string
}

/** `sightline hold` and `sightline release`: what belongs to a lot stops, until a named person lets it go. */
export function addHold(program: Command, environment: Environment): void {
  program
    .command('hold [target]')
    .description('hold a lot by name, or unit/…, supplier/…, station/…; without a target: what is on hold')
    .option(...DATA_OPTION)
    .option('--reason <text>', 'why, as record and pages will show it')
    .option('--by <name>', 'who places the hold')
    .action(async (target: string | undefined, o: Options) => {
      if (target === undefined) return list(dataDirOf(o.data, environment))
      await state('hold', target, o, environment)
    })
  program
    .command('release <target>')
    .description('end the hold of a lot, unit, supplier or station')
    .option(...DATA_OPTION)
    .option('--reason <text>', 'why it may go on')
    .option('--by <name>', 'who releases it')
    .action((target: string, o: Options) => state('release', target, o, environment))
}

async function state(
  kind: 'hold' | 'release',
  target: string,
  o: Options,
  environment: Environment,
): Promise<void> {
  const fact = holdFact(kind, target, o)
  const [stated] = await stateFacts(dataDirOf(o.data, environment), [fact])
  if (stated?.error) throw fromFact(stated.error)
  process.stdout.write(
    `${JSON.stringify({ [kind]: target, position: stated?.ack?.position, id: fact.id })}\n`,
  )
}

/** A hold or release as the commands state it. @throws CFG_USAGE without a name or a reason */
export function holdFact(
  kind: 'hold' | 'release',
  target: string,
  o: { by?: string; reason?: string },
): TraceFact {
  requireWords(o, ['reason', 'by'])
  return traceFactSchema.parse({
    id: uuidv7(),
    at: new Date().toISOString(),
    by: o.by,
    kind,
    // A bare name is a lot: that is what people hold.
    target: /^(urn:|https?:)|\//.test(target) ? target : `lot/${target}`,
    reason: o.reason,
  })
}

function list(dir: string): void {
  const query = openTraceQuery(dir)
  try {
    const active = query.holds().filter((h) => h.releasedAt === null)
    printTable(
      ['on hold', 'since', 'by', 'placed at', 'reason'],
      active.map((h) => [shortName(h.target), h.at, h.by, h.originLog ?? '', h.reason]),
    )
  } finally {
    query.close()
  }
}
