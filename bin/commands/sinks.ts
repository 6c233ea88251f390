import type { Command } from 'commander'
import { CodedError, type ErrorFact, fromFact } from '../../contracts/index.ts'
import { checkReplay, checkSink, consumerOf, openPartStore, replayEvent } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'
import { inDataDir, type LineToAsk, postToLine } from '../setup/in-data-dir.ts'
import { DATA_OPTION, whole } from '../terminal/options.ts'
import { requireWords } from '../line/on-record.ts'
import { dataDirOf, sayOnStderr } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'

interface ListOptions {
  data?: string
  json?: boolean
  limit: number
}

interface ReplayOptions {
  data?: string
  from?: number
  dead?: boolean
  by?: string
}

interface Replay {
  sink: string
  /** Null = its dead letters. */
  from: number | null
  by: string
}

/** `sightline sinks`: how far receivers outside have come, what they did not take, and sending it again. */
export function addSinks(program: Command, environment: Environment): void {
  const sinks = program.command('sinks').description('receivers outside: how far they are, and sending again')
  sinks
    .command('list')
    .description('position of every sink, and the events that were not taken, with the reason, newest first')
    .option(...DATA_OPTION)
    .option('--limit <n>', 'events that were not taken, per sink', whole(0, 100_000), 20)
    .option('--json', 'print JSON')
    .action((o: ListOptions) => list(dataDirOf(o.data, environment), o))
  sinks
    .command('replay <name>')
    .description('send a sink everything behind a position again, or its dead letters')
    .option(...DATA_OPTION)
    .option('--from <position>', 'everything behind this position of the log', whole(0))
    .option('--dead', 'its dead letters only, in order, once each')
    .option('--by <name>', 'who asks for it')
    .action(async (name: string, o: ReplayOptions) => {
      const ask = askOf(name, o)
      const events = await replayed(dataDirOf(o.data, environment), ask)
      process.stdout.write(`${JSON.stringify({ ...ask, events })}\n`)
    })
}

function list(dir: string, { json, limit }: ListOptions): void {
  const query = openTraceQuery(dir)
  try {
    const sinks = query.sinks().map((s) => ({
      ...s,
      letters: limit === 0 ? [] : query.sinkLetters({ sink: s.sink, limit }),
    }))
    if (json) {
      process.stdout.write(`${JSON.stringify(sinks, null, 2)}\n`)
      return
    }
    printTable(
      ['sink', 'position', 'end', 'behind', 'dead', 'retrying since', 'reason'],
      sinks.map((s) => [
        s.sink,
        ...[s.position, s.end, s.behind, s.dead].map(String),
        s.retrying?.since ?? '',
        s.retrying?.reason ?? '',
      ]),
    )
    const letters = sinks.flatMap(({ sink, letters: of }) => of.map((l) => ({ sink, ...l })))
    if (letters.length === 0) return
    process.stdout.write('\n')
    printTable(
      ['not taken by', 'position', 'state', 'event', 'subject', 'tries', 'at', 'reason'],
      letters.map((l) => [
        l.sink,
        String(l.position),
        l.state,
        l.type,
        l.subject,
        String(l.attempts),
        l.at,
        l.reason,
      ]),
    )
  } finally {
    query.close()
  }
}

/** @throws CFG_USAGE */
function askOf(sink: string, { from, dead = false, by = '' }: ReplayOptions): Replay {
  if ((from === undefined) !== dead)
    throw new CodedError('CFG_USAGE', {
      expected: 'either --from POSITION or --dead',
      actual: dead ? 'both' : 'neither',
    })
  requireWords({ by }, ['by'])
  return { sink, from: from ?? null, by: by.trim() }
}

/**
 * Through the line that works in the data directory. Without one the cursor is set here; dead letters then stay, since
 * only a line knows where its receivers are.
 *
 * @returns events that are sent again
 */
const replayed = (dir: string, ask: Replay): Promise<number> =>
  inDataDir(dir, { throughLine: (line) => throughLine(line, ask), alone: () => setBack(dir, ask) })

async function setBack(dir: string, { sink, from, by }: Replay): Promise<number> {
  const store = await openPartStore({ dataDir: dir, onAlarm: sayOnStderr })
  const query = openTraceQuery(dir)
  try {
    const sinks = query.sinks()
    checkSink(
      sink,
      sinks.map((s) => s.sink),
    )
    const { position = 0, end = 0 } = sinks.find((s) => s.sink === sink) ?? {}
    if (from === null)
      throw new CodedError('TRC_SINK', {
        file: dir,
        expected: 'a running line, which knows where its receivers are',
        actual: 'none that works in this data directory',
        hint: 'start it and ask again, or send everything behind a position again with --from',
      })
    checkReplay(sink, from, position)
    // Without a line it is a fact of the plant as a whole.
    await store.emit(replayEvent({ sink, from, by }, { plant: 'plant', line: 'office' }))
    await store.advance(consumerOf(sink), from)
    return end - from
  } finally {
    query.close()
    await store.close()
  }
}

async function throughLine(line: LineToAsk, { sink, from, by }: Replay): Promise<number> {
  const { status, answer } = await postToLine<{ events: number } & ErrorFact>(
    line,
    `/api/sinks/${encodeURIComponent(sink)}/replay`,
    { by, ...(from === null ? { dead: true } : { from }) },
  )
  if (answer.events !== undefined) return answer.events
  throw fromFact({ code: answer.code ?? 'API_INTERNAL', message: answer.message ?? `status ${status}` })
}
