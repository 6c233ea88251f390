import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import {
  asCoded,
  canonicalJson,
  CodedError,
  type TraceFact,
  traceFactSchema,
  uuidv5,
} from '../../contracts/index.ts'
import { parseCsvText } from '../../scenarios/index.ts'
import type { Environment } from '../setup/environment.ts'
import { dataDirOf, stateFacts } from '../line/state-facts.ts'
import { utcOf } from '../terminal/time-range.ts'
import { DATA_OPTION } from '../terminal/options.ts'

/** Namespace of facts without an id of their own (a random UUID of this program): the same row is the same fact. */
const NAMESPACE = '8f3a54c2-54cf-4a1c-93f4-0c40ff0c5c61'

/** `sightline trace import FILE`: one fact per CSV row, columns named as in the API. */
export function addTraceImport(trace: Command, environment: Environment): void {
  trace
    .command('import <file>')
    .description(
      'record facts from CSV: kind, at, by, and the columns of the kind; the same row is recorded once',
    )
    .option(...DATA_OPTION)
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

/** @throws CFG_MISSING_FILE; CFG_INVALID for another encoding: names would be other ones, on record for good */
async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: 'a CSV file', cause: error })
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CodedError('CFG_INVALID', {
      file,
      expected: 'text in UTF-8',
      actual: 'bytes of another encoding',
      hint: 'save the file as "CSV UTF-8"',
      cause: error,
    })
  }
}

const TIMES = ['at', 'from', 'to']
const NUMBER = /^-?\d{1,15}(\.\d+)?$/

/**
 * All rows are checked before the first is recorded.
 *
 * @throws CFG_INVALID with the row
 */
export function factsOf(file: string, text: string): TraceFact[] {
  const head = text.split(/\r?\n/).find((line) => line.trim() !== '') ?? ''
  // Excel saves CSV with semicolons where the decimal mark is a comma.
  if (!/(^|,)\s*"?\s*kind\s*"?\s*(,|$)/.test(head))
    throw new CodedError('CFG_INVALID', {
      file,
      line: 1,
      expected: 'a header with the columns kind, at, by and those of the kind, apart by commas',
      actual: head.slice(0, 120),
    })
  return rowsOf(file, text).map((row, i) => {
    const invalid = (path: string, expected: string | undefined, actual: string): CodedError =>
      new CodedError('CFG_INVALID', {
        file,
        path: `row ${i + 1}: ${path}`,
        ...(expected !== undefined && { expected }),
        actual,
      })
    const dated: Record<string, unknown> = {}
    for (const [key, cell] of Object.entries(row)) {
      const value = cell.trim()
      const utc = TIMES.includes(key) ? utcOf(value) : undefined
      if (utc === null)
        throw invalid(key, 'a time with Z or its offset, e.g. 2026-01-31T06:00:00+08:00', value)
      // Serials and lots are text, also when they look like numbers.
      dated[key] = utc ?? (key === 'quantity' && NUMBER.test(value) ? Number(value) : value)
    }
    const parsed = traceFactSchema.safeParse({ id: uuidv5(NAMESPACE, canonicalJson(dated)), ...dated })
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    throw invalid(issue?.path.join('.') ?? '', undefined, issue?.message ?? '')
  })
}

/** @throws CFG_INVALID with the line where it is no CSV */
function rowsOf(file: string, text: string): Record<string, string>[] {
  try {
    return parseCsvText(text)
  } catch (error) {
    throw new CodedError('CFG_INVALID', { ...asCoded(error, 'CFG_INVALID').detail, file })
  }
}
