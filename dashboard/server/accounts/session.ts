import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { uuidv7 } from '../../../contracts/index.ts'

/** Without a request for so long one signs in again, s: a shift with its overtime. */
const LASTS_S = 12 * 3600
/** However much it is used, s: a page that is left open asks for ever. */
const AT_MOST_S = 24 * 3600
/** A session that is used is made to last anew when that adds so much, s. */
const RENEWED_AFTER_S = 600

export interface Session {
  /** UUID of the time at which it began (version 7); stays when it is made to last anew. */
  id: string
  account: string
  /** Of the account when it was made. */
  stamp: string
  /** Epoch, s. */
  expiresS: number
}

type SessionOf = Pick<Session, 'account' | 'stamp'> & Partial<Pick<Session, 'id'>>

/**
 * Sessions that are kept by the browsers, signed: they outlast a restart of the line. What ends them is the time, another
 * stamp of the account, or signing out, which the accounts remember as long as somebody could show a copy.
 */
export class Sessions {
  readonly #key: Buffer
  /**
   * Cookies know no ports: two servers of one host keep theirs apart by name. So do http and https of one server, as
   * browsers let no page that came by http replace a cookie of https.
   */
  readonly #name: string

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key
    this.#name = `sightline_${createHash('sha256').update(key).digest('hex').slice(0, 8)}`
  }

  /** `Set-Cookie` of a new session, or of the one that `id` names. @param secure whether it came by https; other sites never send it */
  begin({ account, stamp, id = uuidv7() }: SessionOf, secure: boolean): string {
    const expiresS = latestS(id)
    const text = `${account}:${stamp}:${id}:${expiresS}`
    return this.#set(`${text}:${this.#sign(text)}`, expiresS - nowS(), secure)
  }

  end(secure: boolean): string {
    return this.#set('', 0, secure)
  }

  /** The session in a `Cookie` header; null when there is none, or it is over or not ours. */
  of(header: string | undefined, secure: boolean): Session | null {
    const name = this.#cookie(secure)
    const value = (header ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1)
    const [, text = '', account = '', stamp = '', id = '', expires = '', sign = ''] =
      /^(([^:]+):([^:]+):([^:]+):(\d+)):([\w-]+)$/.exec(value ?? '') ?? []
    const expected = Buffer.from(this.#sign(text))
    const given = Buffer.from(sign)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
    return Number(expires) > nowS() ? { account, stamp, id, expiresS: Number(expires) } : null
  }

  /** From when on none that begins now is any good, epoch, ms. */
  over = (): number => Date.now() + LASTS_S * 1000

  /** Whether a session should be made to last anew. */
  isOld = ({ id, expiresS }: Session): boolean => latestS(id) - expiresS > RENEWED_AFTER_S

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }

  #set(value: string, maxAgeS: number, secure: boolean): string {
    const flags = `Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
    return `${this.#cookie(secure)}=${value}; ${flags}`
  }

  #cookie(secure: boolean): string {
    return secure ? this.#name : `${this.#name}_http`
  }
}

/** Shown by a command beside the line: who can read the key of the data directory can make it. @param key 32 bytes */
export const dataDirToken = (key: Buffer): string =>
  createHmac('sha256', key).update('data directory').digest('base64url')

export function isDataDirToken(token: string, key: Buffer): boolean {
  const [given, expected] = [Buffer.from(token), Buffer.from(dataDirToken(key))]
  return given.length === expected.length && timingSafeEqual(given, expected)
}

const nowS = (): number => Math.floor(Date.now() / 1000)

/** When a session that is used now ends at the latest. */
const latestS = (id: string): number => Math.min(nowS() + LASTS_S, begunS(id) + AT_MOST_S)

/** The first 48 bits of a UUID of version 7 are ms since 1970 (RFC 9562, 5.7). */
const begunS = (id: string): number => Math.floor(parseInt(id.replaceAll('-', '').slice(0, 12), 16) / 1000)
