import type { Document, LineCounter } from 'yaml'
import type { z } from 'zod'
import { fillVariables, markVariables, unmarkVariables, type Variables } from './document-variables.ts'
import { CodedError, type ErrorDetail } from './errors.ts'
import { yaml } from './yaml.ts'

/**
 * Parses YAML or JSON text against a strict schema.
 *
 * @param variables what fills `${NAME}` and `${NAME:-default}` in values; they are plain text without it
 * @throws CFG_SYNTAX with the line; CFG_INVALID with path, line, what was expected and found, all faults in one error
 */
export function parseStrict<S extends z.ZodType>(
  text: string,
  schema: S,
  file: string,
  variables?: Variables,
): z.output<S> {
  refuseOtherEncodings(text, file)
  const { LineCounter, parseDocument } = yaml()
  const counter = new LineCounter()
  const source = variables ? markVariables(text) : text
  const doc = parseDocument(source, { lineCounter: counter, uniqueKeys: true, strict: true })
  const fault = doc.errors[0]
  if (fault) {
    throw new CodedError('CFG_SYNTAX', {
      file,
      line: counter.linePos(fault.pos[0]).line,
      actual: unmarkVariables(fault.message.split('\n')[0] ?? ''),
    })
  }
  if (variables) {
    fillVariables(doc, variables, (node, at, detail) => {
      const { line } = counter.linePos(node.range?.[0] ?? 0)
      return new CodedError('CFG_INVALID', { file, line, path: pathText(at), ...detail })
    })
  }
  const value = valueOf(doc, file)
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = schemaFaults(parsed.error, value).map(({ at, path, expected, actual }) => ({
    path,
    line: lineOf(doc, at, counter) ?? 1,
    expected,
    actual,
  }))
  const first = faults[0]
  const more = faults
    .slice(1)
    .map((f) => `${f.path} (line ${f.line}): expected ${f.expected}, found ${f.actual}`)
  throw new CodedError('CFG_INVALID', {
    file,
    ...first,
    ...(more.length > 0 ? { hint: `and ${more.length} more: ${more.join('; ')}` } : {}),
  })
}

/**
 * @param text bytes of a file that were read as UTF-8
 * @throws CFG_SYNTAX with the line where they are of another encoding
 */
export function refuseOtherEncodings(text: string, file: string): void {
  const odd = /\0/.exec(text) ?? /\uFFFD/.exec(text)
  if (odd)
    throw new CodedError('CFG_SYNTAX', {
      file,
      line: text.slice(0, odd.index).split('\n').length,
      expected: 'text in UTF-8',
      actual: odd[0] === '\0' ? 'a NUL, as text in UTF-16 has them' : 'bytes of another encoding',
      hint: 'save the file as UTF-8',
    })
}

/** One place where a value does not match its schema, in the words of an error message. */
export interface SchemaFault {
  at: readonly PropertyKey[]
  path: string
  expected: string
  actual: string
  /** A key that the schema does not have. */
  unknown: boolean
}

export const schemaFaults = (error: z.ZodError, root: unknown): SchemaFault[] =>
  error.issues.flatMap(leaves).map((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
    const at = unknown === undefined ? issue.path : [...issue.path, unknown]
    return {
      at,
      path: pathText(at),
      expected: expectedText(issue),
      actual: actualText(root, at, unknown),
      unknown: unknown !== undefined,
    }
  })

/** The first fault of a request in the words of an error. @param where of the request it is, e.g. `body` */
export function requestFault(error: z.ZodError, value: unknown, where: string): ErrorDetail {
  const [fault] = schemaFaults(error, value)
  return {
    path: fault === undefined || fault.at.length === 0 ? where : `${where}: ${fault.path}`,
    expected: fault?.unknown
      ? 'a parameter or key that /openapi.json lists'
      : (fault?.expected ?? 'valid input'),
    actual: fault?.actual ?? 'nothing',
  }
}

/** @throws CFG_SYNTAX for an alias of nothing, of itself, or of too much */
function valueOf(doc: Document.Parsed, file: string): unknown {
  try {
    const value: unknown = doc.toJS()
    // A value that holds itself has no text, and no schema ends on it.
    JSON.stringify(value)
    return value
  } catch (error) {
    throw new CodedError('CFG_SYNTAX', {
      file,
      expected: 'aliases (*name) of anchors that stand before them and outside of them',
      actual: unmarkVariables((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''),
      cause: error,
    })
  }
}

type Issue = z.core.$ZodIssue

/** A union fails with one list of issues per branch; the branch that got furthest is the one the author meant. */
function leaves(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const depth = (branch: readonly Issue[]): number => Math.max(...branch.map((i) => i.path.length))
  const best = issue.errors.reduce((a, b) => (depth(b) > depth(a) ? b : a))
  if (depth(best) === 0) {
    const expected = issue.errors.map((b) => (b[0] ? expectedText(b[0]) : '')).filter(Boolean)
    return [
      {
        code: 'custom',
        path: issue.path,
        message: [...new Set(expected)].join(' or '),
        input: issue.input,
      } as Issue,
    ]
  }
  return best.map((i) => ({ ...i, path: [...issue.path, ...i.path] }) as Issue).flatMap(leaves)
}

/** What zod calls invalid without saying what would be valid. */
const FORMATS: Readonly<Record<string, string>> = {
  date: 'a date, e.g. 2026-01-31',
  datetime: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00.000Z',
  uuid: 'a UUID',
  url: 'a URL',
}

function expectedText(issue: Issue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'a key of the schema'
    case 'invalid_type':
      return issue.expected
    case 'invalid_value':
      return `one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}`
    case 'too_small':
      return `${issue.origin} ${issue.inclusive ? '>=' : '>'} ${issue.minimum}`
    case 'too_big':
      return `${issue.origin} ${issue.inclusive ? '<=' : '<'} ${issue.maximum}`
    case 'invalid_union':
      return issue.message.replace(/^Invalid discriminator value\. Expected /, '')
    case 'invalid_format':
      return issue.message.startsWith('Invalid ') ? (FORMATS[issue.format] ?? issue.message) : issue.message
    default:
      return issue.message
  }
}

function actualText(root: unknown, path: readonly PropertyKey[], unknownKey: string | undefined): string {
  if (unknownKey !== undefined) return `unknown key "${unknownKey}"`
  let at: unknown = root
  for (const key of path)
    at = at === null || typeof at !== 'object' ? undefined : (at as Record<PropertyKey, unknown>)[key]
  if (at === undefined) return 'nothing'
  // JSON has no word for .nan and .inf.
  return typeof at === 'number' ? String(at) : (JSON.stringify(at) ?? String(at)).slice(0, 120)
}

function pathText(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : `${text ? '.' : ''}${String(key)}`
  return text || '(document)'
}

/** Line of a path as errors say it, `tools[1].threshold`, or of the nearest place around it; null when the text has none. */
export function lineOfPath(text: string, path: string): number | null {
  const { LineCounter, parseDocument } = yaml()
  const counter = new LineCounter()
  // Variables inside { } would be taken for maps.
  const doc = parseDocument(markVariables(text), { lineCounter: counter })
  const keys = [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index))
  return lineOf(doc, keys, counter)
}

/** Line of the deepest node that exists on the path; for an unknown key the key itself. */
function lineOf(doc: Document.Parsed, path: readonly PropertyKey[], counter: LineCounter): number | null {
  for (let n = path.length; n > 0; n--) {
    const parent: unknown =
      n === 1 ? doc.contents : doc.getIn(path.slice(0, n - 1) as (string | number)[], true)
    const key = path[n - 1]
    if (parent !== null && typeof parent === 'object' && 'items' in parent && Array.isArray(parent.items)) {
      for (const item of parent.items as unknown[]) {
        if (
          item !== null &&
          typeof item === 'object' &&
          'key' in item &&
          yaml().isScalar(item.key) &&
          item.key.value === key &&
          item.key.range
        ) {
          return counter.linePos(item.key.range[0]).line
        }
      }
      const indexed: unknown = typeof key === 'number' ? parent.items[key] : undefined
      if (
        indexed !== null &&
        typeof indexed === 'object' &&
        'range' in indexed &&
        Array.isArray(indexed.range)
      ) {
        return counter.linePos(indexed.range[0] as number).line
      }
    }
  }
  return null
}
