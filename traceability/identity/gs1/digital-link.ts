import { refuse } from '../refuse.ts'
import { GS1_RULES } from './ai-table.ts'
import { checkField, type Gs1Element, noContradiction, ruleOf } from './elements.ts'

export const GS1_DOMAIN = 'https://id.gs1.org'

/** Percent encoding of path segments and URN parts: everything outside RFC 3986's unreserved characters. */
export const encodePart = (text: string): string =>
  UNRESERVED.test(text)
    ? text
    : encodeURIComponent(text).replace(
        /[!'()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      )

const UNRESERVED = /^[\w.~-]*$/

const isPrimary = (ai: string): boolean => (GS1_RULES.get(ai)?.qualifiers ?? null) !== null

interface Pair {
  ai: string
  /** Percent-encoded, as written. */
  raw: string
  /** Where the AI stands in the URI, and where its value does. */
  at: number
  valueAt: number
}

/** The domain on which every address is a GS1 Digital Link. */
const GS1_HOST = /^https?:\/\/(?:[^/?#@]*@)?id\.gs1\.org\.?(?![\w.-])/i

/**
 * Elements of an uncompressed GS1 Digital Link URI (URI Syntax 1.4), or null when the text is another address: any
 * domain and any path before the primary key. Short names in place of AIs (`/gtin/`, withdrawn with 1.2) and the
 * compressed form (Digital Link 1.1.3, section 5; URI Compression 1.0, another) are refused where they can be told from
 * another address: on GS1's own domain, and behind a whole GTIN-14.
 *
 * @throws TRC_IDENTITY with the character position for wrong data, order or AI in one
 */
export function parseDigitalLink(text: string): Gs1Element[] | null {
  const elements = elementsIn(text)
  if (elements !== null) return elements
  const host = GS1_HOST.exec(text)?.[0]
  if (host !== undefined) refuse(host.length, `${PATH}; ${UNREAD}`, text.slice(host.length))
  const behind = behindGtin(text)
  if (behind !== null) refuse(behind, `nothing behind the GTIN, or ${PATH}; ${UNREAD}`, text.slice(behind))
  return null
}

const PATH = 'AIs and their values in turn, as /01/09506000134352/21/A1'
const UNREAD = 'short names and the compressed form are not read'

function elementsIn(text: string): Gs1Element[] | null {
  const uri = URI.exec(text)
  if (uri === null || !URL.canParse(text)) return null
  const [, origin = '', path = '', query = ''] = uri
  const pathAt = origin.length
  const segments = split(path.slice(1), '/', pathAt + 1)
  if (segments.at(-1)?.raw === '') segments.pop()
  if (wantsValue(segments)) segments.push({ raw: '', text: '', at: pathAt + path.length })
  const first = primaryPlace(segments)
  if (first < 0) return null
  const second = path.search(/https?:\/\//i)
  // The path before the keys is anybody's, so that the keys of the first would count for nothing.
  if (second >= 0)
    refuse(pathAt + second, 'one link, as where a reader sends two codes in one', text.slice(pathAt + second))
  const pairs: Pair[] = []
  for (let i = first; i + 1 < segments.length; i += 2) pairs.push(pairOf(segments[i], segments[i + 1]))
  checkQualifiers(pairs)
  for (const part of split(query.slice(1), /[&;]/, pathAt + path.length + 1)) {
    const equals = part.raw.indexOf('=')
    const written = equals < 0 ? part.raw : part.raw.slice(0, equals)
    const key = decoded(written) ?? written
    // Only all-digit keys are GS1's; others belong to the owner of the domain.
    if (!/^\d+$/.test(key)) continue
    if (!ruleOf(key, part.at).attribute) refuse(part.at, 'an AI that may stand in the query', key)
    const value = part.raw.slice(equals + 1)
    pairs.push({ ai: key, raw: value, at: part.at, valueAt: part.at + written.length + 1 })
  }
  return noContradiction(pairs.map(elementOf))
}

/** Origin, path, query. */
const URI = /^(https?:\/\/[^/?#]+)(\/[^?#]*)(\?[^#]*)?(?:#.*)?$/i

/**
 * Where a GTIN-14 with a right check digit ends, wherever in the path it stands; null for no such. Shorter numbers, as of
 * a lot or a day, pass for a GTIN by chance.
 */
function behindGtin(text: string): number | null {
  const [, origin = '', path = ''] = URI.exec(text) ?? []
  const segments = split(path, '/', origin.length).filter((s) => s.raw !== '')
  for (const [i, key] of segments.entries()) {
    const value = segments[i + 1]
    if (
      key.text === '01' &&
      value !== undefined &&
      /^\d{14}$/.test(value.text) &&
      isRight(pairOf(key, value))
    )
      return value.at + value.raw.length
  }
  return null
}

interface Piece {
  /** As written, and with its percent encoding undone where it is any. */
  raw: string
  text: string
  at: number
}

const NONE: Piece = { raw: '', text: '', at: 0 }

const pairOf = (key: Piece = NONE, value: Piece = NONE): Pair => ({
  ai: key.text,
  raw: value.raw,
  at: key.at,
  valueAt: value.at,
})

/** Keys stand at every second place from the end; the last that may begin a path does. Negative: none. */
function primaryPlace(segments: readonly Piece[]): number {
  let first = segments.length - 2
  while (first >= 0 && !isPrimary(segments[first]?.text ?? '')) first -= 2
  return first
}

/**
 * Whether a path ends in a qualifier without its value, as from a label whose serial was left empty: behind a whole key
 * of its own nothing else it could be. Taken for some other address it would name every such part alike. Other numbers
 * there, as of a year and a month, are the address.
 */
function wantsValue(segments: readonly Piece[]): boolean {
  const last = segments.at(-1)?.text ?? ''
  if (primaryPlace(segments) >= 0) return false
  const first = primaryPlace([...segments, NONE])
  const [key, value] = segments.slice(Math.max(0, first))
  if (first < 0 || key === undefined || value === undefined) return false
  if (!GS1_RULES.get(key.text)?.qualifiers?.some((sequence) => sequence.includes(last))) return false
  return isRight(pairOf(key, value))
}

function isRight(pair: Pair): boolean {
  try {
    elementOf(pair)
    return true
  } catch {
    return false
  }
}

function decoded(raw: string): string | null {
  try {
    return decodeURIComponent(raw)
  } catch {
    return null
  }
}

/** Pieces of a text between separators of one character, with their places. */
function split(text: string, by: string | RegExp, offset: number): Piece[] {
  let at = offset
  return text.split(by).map((part) => {
    const here = { raw: part, text: decoded(part) ?? part, at }
    at += part.length + 1
    return here
  })
}

function checkQualifiers([primary, ...rest]: readonly Pair[]): void {
  if (primary === undefined) return
  const sequences = GS1_RULES.get(primary.ai)?.qualifiers ?? []
  for (const { ai, at } of rest) ruleOf(ai, at)
  if (sequences.some((s) => inOrder(rest, s))) return
  const allowed = sequences.map((s) => s.map((ai) => `(${ai})`).join(' ')).join(' or ')
  const wrong = rest.find((_, i) => !sequences.some((s) => inOrder(rest.slice(0, i + 1), s))) ?? primary
  refuse(
    wrong.at,
    `behind AI (${primary.ai}) ${allowed === '' ? 'nothing' : allowed}, in this order`,
    wrong.ai,
  )
}

function inOrder(pairs: readonly Pair[], sequence: readonly string[]): boolean {
  let from = 0
  return pairs.every(({ ai }) => {
    const place = sequence.indexOf(ai, from)
    from = place + 1
    return place >= 0
  })
}

function elementOf({ ai, raw, at, valueAt }: Pair): Gs1Element {
  const rule = ruleOf(ai, at)
  const value =
    decoded(raw) ??
    refuse(valueAt + Math.max(0, raw.search(/%(?![0-9A-Fa-f]{2})/)), 'percent encoding of UTF-8', raw)
  // GTIN-8, -12 and -13 are allowed in the path and padded to 14 digits.
  const padded = ai === '01' && /^(\d{8}|\d{12,13})$/.test(value) ? value.padStart(14, '0') : value
  checkField(rule, padded, valueAt - (padded.length - value.length))
  return { ai, value: padded }
}

/**
 * Canonical GS1 Digital Link URI (URI Syntax 1.4, section 4.12): primary key, its qualifiers in their order, other AIs
 * in the query in ascending order, on id.gs1.org. Null when no element may begin a path.
 *
 * @param primary which key begins the path when several could
 */
export function buildDigitalLink(
  elements: readonly Gs1Element[],
  { primary, domain = GS1_DOMAIN }: { primary?: string; domain?: string } = {},
): string | null {
  const key = elements.find((e) => (primary === undefined ? isPrimary(e.ai) : e.ai === primary))
  const sequences = key && GS1_RULES.get(key.ai)?.qualifiers
  if (!key || !sequences) return null
  const present = (sequence: readonly string[]): Gs1Element[] =>
    sequence.flatMap((ai) => elements.find((e) => e.ai === ai) ?? [])
  const path = [key, ...(sequences.map(present).sort((a, b) => b.length - a.length)[0] ?? [])]
  const rest = elements
    .filter((e) => !path.includes(e) && GS1_RULES.get(e.ai)?.attribute === true)
    .sort((a, b) => (a.ai < b.ai ? -1 : 1))
  const query = rest.map((e) => `${e.ai}=${encodePart(e.value)}`).join('&')
  return `${domain}${path.map((e) => `/${e.ai}/${encodePart(e.value)}`).join('')}${query && `?${query}`}`
}
