import { accessSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { asCoded, CodedError, type ErrorFact, type FactAck, type TraceFact } from '../../contracts/index.ts'
import { openPartStore } from '../../traceability/index.ts'
import type { Environment } from '../setup/environment.ts'
import { inDataDir, type LineToAsk, postToLine } from '../setup/in-data-dir.ts'

/** @throws CFG_DATA_DIR when there are no records */
export function dataDirOf(given: string | undefined, environment: Environment): string {
  const dir = resolve(given ?? environment.dataDir ?? '.sightline')
  try {
    accessSync(join(dir, 'trace.db'))
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES'
    throw new CodedError('CFG_DATA_DIR', {
      file: dir,
      expected: 'a data directory of a line',
      ...(denied ? { actual: error.message } : {}),
      hint: 'give it with --data',
      cause: error,
    })
  }
  return dir
}

export const sayOnStderr = ({ message }: CodedError): void => void process.stderr.write(`${message}\n`)

export interface Stated {
  fact: TraceFact
  ack: FactAck | null
  /** Why it was refused. */
  error: ErrorFact | null
}

/** Facts sent to a running line at once. */
const PER_REQUEST = 1_000

/**
 * Records facts in a data directory: through the line that works in it, or directly when none does. One result per
 * fact, in order.
 *
 * @throws CFG_DATA_DIR when another program works there that has no address
 */
export const stateFacts = (dir: string, facts: readonly TraceFact[]): Promise<Stated[]> =>
  inDataDir(dir, { throughLine: (line) => throughLine(line, facts), alone: () => stateAlone(dir, facts) })

async function stateAlone(dir: string, facts: readonly TraceFact[]): Promise<Stated[]> {
  // The spool is emptied first, and may hold what cannot be stored.
  const store = await openPartStore({ dataDir: dir, onAlarm: sayOnStderr })
  try {
    // Without a line the facts go to the partition of the plant as a whole.
    const source = { plant: 'plant', line: 'office' }
    return await Promise.all(
      facts.map((fact) =>
        store.recordFact(fact, source).then(
          (ack): Stated => ({ fact, ack, error: null }),
          (error: unknown): Stated => {
            const { code, message } = asCoded(error, 'TRC_WRITE')
            return { fact, ack: null, error: { code, message } }
          },
        ),
      ),
    )
  } finally {
    await store.close()
  }
}

interface Answer {
  results?: {
    id: string
    position?: number
    repeated?: boolean
    code?: ErrorFact['code']
    message?: string
  }[]
  code?: string
  message?: string
}

async function throughLine(line: LineToAsk, facts: readonly TraceFact[]): Promise<Stated[]> {
  const stated: Stated[] = []
  for (let at = 0; at < facts.length; at += PER_REQUEST) {
    const part = facts.slice(at, at + PER_REQUEST)
    const { status, answer } = await postToLine<Answer>(line, '/api/trace/events', part)
    if (answer.results === undefined)
      throw new CodedError('API_REQUEST', { path: line.url, actual: answer.message ?? `status ${status}` })
    for (const [i, fact] of part.entries()) {
      const r = answer.results[i]
      stated.push(
        r?.position === undefined
          ? { fact, ack: null, error: { code: r?.code ?? 'API_INTERNAL', message: r?.message ?? '' } }
          : { fact, ack: { id: r.id, position: r.position, repeated: r.repeated ?? false }, error: null },
      )
    }
  }
  return stated
}
