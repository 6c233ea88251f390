import type { Command } from 'commander'
import { CodedError, type IdentityChanged, identityChangedSchema } from '../../contracts/index.ts'
import { openIdentityChanges, openPartStore } from '../../traceability/index.ts'
import type { Environment } from '../setup/environment.ts'
import { inDataDir, type LineToAsk, postToLine } from '../setup/in-data-dir.ts'
import { requireWords } from '../line/on-record.ts'
import { dataDirOf, sayOnStderr } from '../line/state-facts.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Options {
  data?: string
  by?: string
  reason?: string
}

/** `sightline identity merge|split`: two names turn out to be one part, or one to be several. */
export function addIdentity(program: Command, environment: Environment): void {
  const identity = program.command('identity').description('merge and split identities of parts')
  for (const [kind, what] of [
    ['merge', 'the named parts are the same as the first one: they are found under it'],
    ['split', 'the named parts are parts of their own again'],
  ] as const)
    identity
      .command(`${kind} <canonical> <others...>`)
      .description(`${what}; URIs or unit/<serial>`)
      .option(...DATA_OPTION)
      .option('--reason <text>', 'how that is known')
      .option('--by <name>', 'who says so')
      .action(async (canonical: string, others: string[], o: Options) => {
        requireWords(o, ['reason', 'by'])
        const asked = { kind, canonical, uris: others, by: o.by, reason: o.reason }
        const change = await changed(dataDirOf(o.data, environment), identityChangedSchema.parse(asked))
        process.stdout.write(`${JSON.stringify(change)}\n`)
      })
}

/** Through the line that works in the data directory, or directly when none does. */
const changed = (dir: string, change: IdentityChanged): Promise<IdentityChanged> =>
  inDataDir(dir, { throughLine: (line) => throughLine(line, change), alone: () => changeAlone(dir, change) })

async function throughLine(line: LineToAsk, change: IdentityChanged): Promise<IdentityChanged> {
  const { status, answer } = await postToLine<{ change: IdentityChanged; message: string }>(
    line,
    '/api/identity',
    change,
  )
  if (answer.change) return answer.change
  throw new CodedError('TRC_IDENTITY', { actual: answer.message ?? `status ${status}` })
}

async function changeAlone(dir: string, change: IdentityChanged): Promise<IdentityChanged> {
  const store = await openPartStore({ dataDir: dir, onAlarm: sayOnStderr })
  const changes = openIdentityChanges(dir, store, { plant: 'plant', line: 'office' })
  try {
    return await changes.change(change)
  } finally {
    changes.close()
    await store.close()
  }
}
