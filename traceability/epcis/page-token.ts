import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { EpcisError, uuidv7 } from '../../contracts/index.ts'

/** A token is good for a day. */
const LIFE_MS = 86_400_000
const MAX_TOKEN = 6_000
const MAX_RELEASED = 10_000

interface Content {
  id: string
  origin: string
  scope: string
  content: unknown
  expires: string
}

export interface NextPage {
  token: string
  expires: string
}

/** Tokens of next pages: they carry the query and the place, so that the server keeps nothing and may restart. */
export class PageTokens {
  readonly #released = new Set<string>()
  readonly #origin: string

  /** @param origin whose tokens they are: the places in those of another line mean nothing here */
  constructor(origin: string) {
    this.#origin = origin
  }

  /** @param scope which resource the token is for */
  make(scope: string, content: unknown): NextPage {
    const expires = new Date(Date.now() + LIFE_MS).toISOString()
    const bytes = deflateRawSync(
      JSON.stringify({ id: uuidv7(), origin: this.#origin, scope, content, expires }),
    )
    const token = Buffer.concat([sum(bytes), bytes]).toString('base64url')
    if (token.length > MAX_TOKEN)
      throw new EpcisError(
        'QueryTooComplexException',
        { pointer: '', expected: 'a query whose next page fits into a URL', actual: 'a longer one' },
        'store it as a named query',
      )
    return { token, expires }
  }

  /** @throws EpcisError QueryParameterException for a token that is not ours, of another line or resource, or over its time */
  read(scope: string, token: string): unknown {
    const found = this.#parse(token)
    if (found === null || found.origin !== this.#origin || found.scope !== scope)
      return refuse('a token of this resource or query', token)
    if (this.#released.has(found.id) || Date.parse(found.expires) < Date.now())
      return refuse('a token that is still good', token)
    return found.content
  }

  /** False when it is no token. */
  release(token: string): boolean {
    const found = this.#parse(token)
    if (found === null) return false
    if (this.#released.size >= MAX_RELEASED) this.#released.clear()
    this.#released.add(found.id)
    return true
  }

  #parse(token: string): Content | null {
    // Reading base64url passes over what does not belong there.
    if (token.length > MAX_TOKEN || !/^[\w-]+$/.test(token)) return null
    const bytes = Buffer.from(token, 'base64url')
    const [head, rest] = [bytes.subarray(0, 8), bytes.subarray(8)]
    if (!sum(rest).equals(head)) return null
    try {
      return JSON.parse(inflateRawSync(rest, { maxOutputLength: 200_000 }).toString('utf8')) as Content
    } catch {
      return null
    }
  }
}

/** Finds tokens that were cut or changed on the way; it is no secret, and the content grants nothing. */
const sum = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest().subarray(0, 8)

function refuse(expected: string, token: string): never {
  throw new EpcisError('QueryParameterException', {
    pointer: '/nextPageToken',
    expected,
    actual: token.slice(0, 40),
  })
}
