import type { RequestHandler } from 'express'
import { lossesOf } from '../../traceability/query/index.ts'
import { bodyBytes, hasBody } from './body-bytes.ts'
import { badRequest } from './errors.ts'

/**
 * Reads a body of JSON (RFC 8259: UTF-8) and refuses what would be taken for something else than was sent: another type
 * or character set, bytes that are no UTF-8, a key twice, numbers that no double holds, nesting without end, text with NUL.
 *
 * @param limitKib after decompression
 * @throws API_REQUEST with status 400, 413 or 415
 */
export function jsonBody(limitKib: number): RequestHandler[] {
  return [
    typeGuard,
    async (req, _res, next) => {
      if (hasBody(req)) req.body = jsonOf(await bodyBytes(req, limitKib * 1024))
      next()
    },
  ]
}

const typeGuard: RequestHandler = (req, _res, next) => {
  const type = req.headers['content-type'] ?? ''
  const [, media = '', charset = 'utf-8'] = /^\s*([^;\s]*)\s*(?:;.*?charset="?([^";\s]+))?/i.exec(type) ?? []
  const known = media.toLowerCase() === 'application/json' && /^utf-?8$/i.test(charset)
  if (hasBody(req) && !known)
    throw Object.assign(
      badRequest('Content-Type: application/json, in UTF-8', type || 'none', undefined, {
        expected: 'Content-Type: application/json,UTF-8 编码',
        actual: type || '无',
      }),
      { status: 415 },
    )
  next()
}

function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  const text = textOf(bytes)
  const value = parsed(text)
  const faults = lossesOf(text)
  const [first] = faults
  if (first)
    throw badRequest(
      first.expected,
      faults.length > 1 ? `${first.actual}, and ${faults.length - 1} more of the kind` : first.actual,
      `body${first.pointer}`,
    )
  const nul = text.includes(String.raw`\u0000`) ? nulIn(value, '') : null
  if (nul !== null) throw badRequest('text without NUL', 'text with NUL', `body${nul}`)
  return value
}

/** JSON pointer of the first text or key with a NUL, which no column of text holds; null = none. */
function nulIn(value: unknown, at: string): string | null {
  if (typeof value === 'string') return value.includes('\0') ? at : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const found = key.includes('\0') ? at : nulIn(inner, `${at}/${key}`)
    if (found !== null) return found
  }
  return null
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badRequest('a body in UTF-8', 'bytes that are none', undefined, {
      expected: 'UTF-8 编码的请求体',
      actual: '不是 UTF-8 的字节',
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest('a body of JSON', (error as Error).message, undefined, {
      expected: 'JSON 格式的请求体',
    })
  }
}
