import type { SqlValue } from '../../contracts/index.ts'

/** SQL text of PostgreSQL with numbered parameters; `order[i]` is the index of the value for `$i+1`. */
interface Translated {
  /** Alternates text and the number of a parameter. */
  parts: (string | number)[]
  order: number[]
}

/** Statements kept translated; far above what the product uses. */
const MAX_KEPT = 1_024
const kept = new Map<string, Translated>()

/**
 * The statements of the store are written once, in the SQL of SQLite. What PostgreSQL spells otherwise is rewritten
 * here; functions it lacks are in `compat.ts`. A form that nobody thought of is a syntax error there, never another
 * answer.
 */
const REWRITES: readonly (readonly [RegExp, string])[] = [
  // The order of joins is chosen by statistics.
  [/\bcross join ((?:\w+|json_each\(\?\d*\))(?: \w+)?)(\s+)on\b/g, 'join $1$2on'],
  // Rows as one value.
  [/\bjson_group_array\(/g, 'json_agg('],
  [/\bjson_array\(/g, 'json_build_array('],
  [/\bgroup_concat\(/g, 'string_agg('],
  // A type here, a function there.
  [/\bcollate binary\b/g, 'collate "C"'],
  [/\bchar\((\d+)\)/g, 'chr($1)'],
  [/\bglob '([^'*?[\]]*)\*'/g, "^@ '$1'"],
  [/\bas ([a-z]+[A-Z]\w*)/g, 'as "$1"'],
  // In an upsert the bare column is the stored row's; PostgreSQL wants to be told.
  [
    /\binsert into (\w+)([\s\S]*?\bdo update set [\s\S]*?\bwhere) (\w+) is (not )?null\b/g,
    'insert into $1$2 $1.$3 is $4null',
  ],
  [
    /\binsert into (\w+)([\s\S]*?\bdo update set (\w+)) = (min|max)\((\w+), excluded\.(\w+)\)/g,
    'insert into $1$2 = $4($1.$5, excluded.$6)',
  ],
  [/, (\w+) = (min|max)\(\1, excluded\.\1\)/g, ', $1 = $2(trigger_audit.$1, excluded.$1)'],
]

/**
 * @param sql statement in the dialect of the store, with `?` or `?1` parameters
 * @returns text for PostgreSQL, each parameter cast to the type of its value, and the values in order
 */
export function toPostgres(
  sql: string,
  values: readonly SqlValue[],
): { text: string; values: readonly SqlValue[] } {
  let known = kept.get(sql)
  if (known === undefined) {
    if (kept.size >= MAX_KEPT) kept.clear()
    known = translate(sql)
    kept.set(sql, known)
  }
  const { parts, order } = known
  const text = parts
    .map((p, i) => {
      if (typeof p === 'string') return p
      const value = values[order[p - 1] ?? -1] ?? null
      // Where only its absence is asked, nothing else tells the type.
      const cast =
        value === null && /^\s+is (not )?null/.test(String(parts[i + 1])) ? '::text' : castOf(value)
      return `$${p}${cast}`
    })
    .join('')
  return { text, values: order.map((i) => values[i] ?? null) }
}

/** NULL takes the type that its place wants. */
function castOf(value: SqlValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return '::text'
  if (typeof value === 'bigint') return '::bigint'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? '::bigint' : '::float8'
  return '::bytea'
}

function translate(sql: string): Translated {
  let text = sql
  for (const [from, to] of REWRITES) text = text.replace(from, to)
  text = withNames(text)
  const parts: (string | number)[] = []
  const order: number[] = []
  let next = 0
  let last = 0
  // Literals, quoted names and comments go through as they are.
  for (const m of text.matchAll(/'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\?(\d*)/g)) {
    if (!m[0].startsWith('?')) continue
    const index = m[1] === '' ? next : Number(m[1]) - 1
    next = index + 1
    let place = order.indexOf(index)
    if (place < 0) place = order.push(index) - 1
    parts.push(text.slice(last, m.index), place + 1)
    last = m.index + m[0].length
  }
  parts.push(text.slice(last))
  return { parts, order }
}

/** PostgreSQL wants a name for every query in a `from`, before version 16. */
function withNames(sql: string): string {
  let text = sql
  let n = 0
  for (const m of [...sql.matchAll(/\b(?:from|join) \(\s*(?=select|with)/g)].reverse()) {
    const end = closing(text, m.index + m[0].indexOf('('))
    if (
      end < 0 ||
      /^\s*(as )?(?!where|group|order|limit|union|join|left|cross|on|having|set)[a-z_]/i.test(
        text.slice(end + 1),
      )
    )
      continue
    text = `${text.slice(0, end + 1)} as nameless_${n++}${text.slice(end + 1)}`
  }
  return text
}

/** Index of the bracket that closes the one at `open`; -1 = none. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return i
  }
  return -1
}
