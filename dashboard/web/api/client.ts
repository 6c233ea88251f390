import { errorText } from '../../../contracts/error-text.ts'
import { heardTime } from '../look/line-clock.ts'

/** A coded error answer of the server, or `NETWORK` when there was none. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  /** What is wrong, without the code. */
  readonly text: { en: string; zh: string }

  constructor(code: string, status: number, message: string, zh = message) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
    this.text = { en: bare(message, code), zh: bare(zh, code) }
  }
}

/** The server answered that there is no such thing; any other error says nothing of what there is. */
export const isUnknown = (error: unknown): boolean => error instanceof ApiError && error.status === 404

/** @throws ApiError */
export const getJson = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  ask<T>(path, { headers: { accept: 'application/json' }, ...(signal && { signal }) })

/** @throws ApiError */
export const sendJson = <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> =>
  ask<T>(path, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** @throws ApiError */
export const deleteJson = <T>(path: string): Promise<T> =>
  ask<T>(path, { method: 'DELETE', headers: { accept: 'application/json' } })

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let res: Response
  const askedMs = Date.now()
  try {
    res = await fetch(path, init)
  } catch (error) {
    if (init.signal?.aborted) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new ApiError('NETWORK', 0, `the server cannot be reached: ${why}`, `无法连接服务器:${why}`)
  }
  heardTime(res.headers, askedMs)
  const text = await res.text()
  const body = parse(text)
  if (res.ok && body !== undefined) return body as T
  if (body === undefined && /^\s*</.test(text)) throw foreign(res)
  const fault = (body ?? {}) as { code?: unknown; message?: unknown; zh?: unknown }
  throw new ApiError(
    typeof fault.code === 'string' ? fault.code : `HTTP_${res.status}`,
    res.status,
    typeof fault.message === 'string' ? fault.message : text.slice(0, 200),
    typeof fault.zh === 'string' ? fault.zh : undefined,
  )
}

/** Markup is no answer of ours: a proxy in between gives it when the server is away, late, or was sent too much. */
function foreign({ status, statusText }: Response): ApiError {
  const found = `${status} ${statusText}`.trim()
  return new ApiError(
    `HTTP_${status}`,
    status,
    `another program answered in place of the server, as a proxy does: ${found}`,
    `应答来自其他程序(如代理),而非本服务器:${found}`,
  )
}

/** Random UUID, version 4; `crypto.randomUUID` is only there on secure origins. */
export function newId(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
  const h = [...b].map((v) => v.toString(16).padStart(2, '0')).join('')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}

const coded = /^([A-Z]{3}_[A-Z_]+)(?=:|$)/

/** What is wrong in both languages, without the code; null = there is no code. */
export function codedText(error: unknown): { code: string; text: { en: string; zh: string } } | null {
  if (error instanceof ApiError) return error
  const fact = typeof error === 'string' ? { code: coded.exec(error)?.[1], message: error } : error
  if (fact === null || typeof fact !== 'object' || !('code' in fact) || !('message' in fact)) return null
  const { code, message } = fact
  if (typeof code !== 'string' || typeof message !== 'string') return null
  // With its words, where they crossed the border.
  const { detail } = fact as Pick<Parameters<typeof errorText>[0], 'detail'>
  const { en, zh } = errorText({ code, message, ...(detail && { detail }) })
  return { code, text: { en: bare(en, code), zh: bare(zh, code) } }
}

/** Without the code in front, which stands beside it. */
export const bare = (message: string, code: string): string =>
  message.startsWith(code) ? message.slice(code.length).replace(/^[::]\s*/, '') : message

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** `a=1&b=2` of the values that are set. */
export function queryText(values: Record<string, string | number | null | undefined>): string {
  const set = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== '')
  return new URLSearchParams(set.map(([k, v]): [string, string] => [k, String(v)])).toString()
}
