import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { canonicalJson, CodedError, type TraceFact, traceFactSchema, uuidv5 } from '../../contracts/index.ts'
import { parseCsv } from '../../scenarios/index.ts'
import type { Environment } from '../environment.ts'
import { dataDirOf, stateFacts } from '../state-facts.ts'

/** Namespace of facts without an id of their own (a random UUID of this program): the same row is the same fact. */
const NAMESPACE = '8f3a54c2-54cf-4a1c-93f4-0c40ff0c5c61'

/** `sightline trace import FILE`: one fact per CSV row, columns named as in the API. */
export function addTraceImport(trace: Command, environment: Environment): void {
  trace
    .command('import <file>')
    .description(
      'record facts from CSV: kind, at, by, and the columns of the kind; the same row is recorded once',
    )
    .option('--data <dir>', 'data directory (or SIGHTLINE_DATA_DIR)')
    .action(async (file: string, _own: object, command: Command) => {
      const o = command.optsWithGlobals<{ data?: string }>()
      const facts = factsOf(file, await readText(file))
      const stated = await stateFacts(dataDirOf(o.data, environment), facts)
      const refused = stated.filter((s) => s.error !== null)
      const repeated = stated.filter((s) => s.ack?.repeated).length
      for (const [i, s] of stated.entries())
        if (s.error) process.stderr.write(`${file}, row ${i + 1}: ${s.error.message}\n`)
      process.stdout.write(
        `${JSON.stringify({ recorded: stated.length - refused.length - repeated, repeated, refused: refused.length })}\n`,
      )
      if (refused.length > 0) process.exitCode = 1
    })
}

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: 'a CSV file', cause: error })
  })

/**
 * All rows are checked before the first is recorded.
 *
 * @throws CFG_INVALID with the row
 */
export function factsOf(file: string, text: string): TraceFact[] {
  const head = text.split(/\r?\n/).find((line) => line.trim() !== '') ?? ''
  if (!/\bkind\b/.test(head))
    throw new CodedError('CFG_INVALID', {
      file,
      line: 1,
      expected: 'a header with the columns kind, at, by and those of the kind',
      actual: head.slice(0, 120),
    })
  return parseCsv(text).map((row, i) => {
    // Serials and lots are text, also when they look like numbers.
    const values = Object.fromEntries(
      Object.entries(row).map(([key, v]) => [key, key === 'quantity' ? v : String(v)]),
    )
    const at = typeof values['at'] === 'string' ? Date.parse(values['at']) : Number.NaN
    const dated = Number.isNaN(at) ? values : { ...values, at: new Date(at).toISOString() }
    const parsed = traceFactSchema.safeParse({ id: uuidv5(NAMESPACE, canonicalJson(dated)), ...dated })
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    throw new CodedError('CFG_INVALID', {
      file,
      path: `row ${i + 1}: ${issue?.path.join('.') ?? ''}`,
      actual: issue?.message ?? '',
    })
  })
}
