import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { CodedError, type IdentityRead } from '../../contracts/index.ts'
import { codeText } from './line-splitter.ts'

/** Characters of a code, at most: a message of a broker may have hundreds of millions. */
const MOST = 4_096

const jsonRead = z.strictObject({
  text: z
    .string()
    .min(1)
    .max(MOST)
    .refine((text) => text.isWellFormed(), 'half of a surrogate pair'),
  symbologyId: z.string().max(3).default(''),
  trigger: z.number().int().nonnegative().nullable().default(null),
  position: z.number().nullable().default(null),
})

export type PushedRead = Pick<IdentityRead, 'text' | 'symbologyId' | 'trigger' | 'position'>

/** A symbology identifier (ISO/IEC 15424) that a scanner sends before the data is taken off. */
export const pushedRead = (line: string): PushedRead => ({ ...named(line), trigger: null, position: null })

function named(line: string): Pick<PushedRead, 'text' | 'symbologyId'> {
  const [symbologyId] = /^\][A-Za-z][0-9A-Za-z]/.exec(line) ?? ['']
  return { text: line.slice(symbologyId.length), symbologyId }
}

/**
 * A message of a reader: JSON when it begins with a brace, else the text of a code.
 *
 * @throws CAM_BAD_REQUEST
 */
export function parsePushed(body: Uint8Array): PushedRead {
  // Some programs begin a text in UTF-8 with a mark of byte order.
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  const text = codeText(marked ? body.subarray(3) : body).replace(/[\r\n]+$/, '')
  if (text === '') throw new CodedError('CAM_BAD_REQUEST', { expected: 'a code', actual: 'an empty message' })
  if (!text.startsWith('{')) {
    if (text.length <= MOST) return pushedRead(text)
    throw new CodedError('CAM_BAD_REQUEST', {
      expected: `a code of at most ${MOST} characters`,
      actual: `${text.length}`,
    })
  }
  if (!isUtf8(body))
    throw new CodedError('CAM_BAD_REQUEST', { expected: 'JSON in UTF-8', actual: text.slice(0, 40) })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new CodedError('CAM_BAD_REQUEST', { expected: 'JSON', actual: text.slice(0, 40) })
  }
  const read = jsonRead.safeParse(json)
  // `JSON.parse` keeps the last of two: two codes in one message would be the part of one.
  if (read.success && keysIn(text) !== Object.keys(json as object).length)
    throw new CodedError('CAM_BAD_REQUEST', { expected: 'each key once', actual: text.slice(0, 80) })
  if (read.success)
    return read.data.symbologyId === '' ? { ...read.data, ...named(read.data.text) } : read.data
  const [issue] = read.error.issues
  throw new CodedError('CAM_BAD_REQUEST', {
    path: issue?.path.join('.') ?? '',
    expected: 'text, and optionally symbologyId, trigger, position',
    actual: issue?.message ?? '',
  })
}

/** Keys as they are written in an object without objects inside. */
const keysIn = (text: string): number =>
  [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length
