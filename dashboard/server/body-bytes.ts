import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { badRequest } from './errors.ts'

/** Of what is hardly compressible, a compressed body has a little more than the body itself (RFC 1951, 3.2.4). */
const PACKING_BYTES = 65_536

const BROKEN_OFF = 'a body that broke off'

const UNPACK: Partial<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Whether a body comes along (RFC 9112, 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * Reads the body of a request. What is refused stays unread: `endUnread` ends its connection.
 *
 * @param limit bytes, after decompression
 * @throws API_REQUEST with status 400, 413 or 415
 */
export function bodyBytes(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const coding = (req.headers['content-encoding'] ?? 'identity').toLowerCase()
    const unpack = UNPACK[coding]
    if (unpack === undefined && coding !== 'identity') return reject(unknownCoding(coding))
    if (unpack === undefined && Number(req.headers['content-length'] ?? 0) > limit)
      return reject(tooLarge(limit))
    if (req.destroyed) return reject(malformed(BROKEN_OFF))
    const unpacked = unpack?.()
    const body: Readable = unpacked ?? req
    const chunks: Buffer[] = []
    let sent = 0
    let bytes = 0
    let settled = false
    const settle = (error?: Error): void => {
      if (settled) return
      settled = true
      req.off('data', count).off('end', end).off('close', gone)
      body.off('data', take)
      if (error === undefined) return resolve(Buffer.concat(chunks))
      req.unpipe().pause()
      unpacked?.destroy()
      reject(error)
    }
    const count = (chunk: Buffer): void => {
      sent += chunk.length
      if (sent > limit + PACKING_BYTES) settle(tooLarge(limit))
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > limit) settle(tooLarge(limit))
      else chunks.push(chunk)
    }
    const end = (): void => {
      if (req.readableEnded && body.readableEnded) settle()
    }
    const gone = (): void => {
      if (!req.readableEnded) settle(malformed(BROKEN_OFF))
    }
    req.on('data', count).on('end', end).on('close', gone)
    body.on('data', take)
    if (unpacked === undefined) return
    unpacked.on('error', (error) => settle(malformed(error.message)))
    unpacked.on('end', () => {
      // What stands behind it is no part of it.
      req.unpipe().resume()
      end()
    })
    req.pipe(unpacked)
  })
}

const tooLarge = (limit: number): Error =>
  Object.assign(
    badRequest(`a body of at most ${limit} bytes`, 'more', undefined, {
      expected: `至多 ${limit} 字节的请求体`,
      actual: '更多',
    }),
    { status: 413 },
  )

const unknownCoding = (coding: string): Error =>
  Object.assign(
    badRequest('gzip, deflate, br or none', coding, 'Content-Encoding', {
      expected: 'gzip、deflate、br 或不压缩',
    }),
    { status: 415 },
  )

const malformed = (found: string): Error =>
  badRequest('a well-formed request', found, undefined, { expected: '格式正确的请求' })
