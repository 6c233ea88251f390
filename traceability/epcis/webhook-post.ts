import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { timeLimit } from '../../contracts/index.ts'
import type { Delivery } from '../sinks/event-sink.ts'
import { deliveryOf } from '../sinks/webhook-sink.ts'
import { portOf, type TargetRules } from './webhook-target.ts'

const TIMEOUT_MS = 10_000

/**
 * `GS1-Signature` of a delivery: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body", hex>`, keyed by the token the
 * subscriber chose. The time in it lets the receiver refuse a delivery that is played again.
 */
const signature = (token: string, body: string, seconds: number): string =>
  `t=${seconds},v1=${createHmac('sha256', token).update(`${seconds}.${body}`).digest('hex')}`

/**
 * Sends one query document; no redirect is followed. Never rejects, and ends within `timeoutMs` together with its
 * connection, however slowly the receiver writes: one that never ends its answers would gather connections.
 */
export function postDocument(
  dest: string,
  body: string,
  token: string | null,
  { rules, signal, timeoutMs = TIMEOUT_MS }: { rules: TargetRules; signal: AbortSignal; timeoutMs?: number },
): Promise<Delivery> {
  return new Promise((resolve) => {
    const place = dest.replace(/[?#].*$/, '')
    let url: URL
    try {
      url = rules.check(dest)
    } catch (error) {
      return resolve({
        ok: false,
        why: 'refused',
        reason: error instanceof Error ? error.message : String(error),
      })
    }
    const limit = timeLimit(timeoutMs, signal)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      signal: limit.signal,
      // An address is not looked up; it was checked as it stands.
      ...(isIP(host) === 0 && { lookup: rules.lookup(portOf(url)) }),
      headers: {
        'content-type': 'application/ld+json',
        'content-length': Buffer.byteLength(body),
        'gs1-epcis-version': '2.0.0',
        'gs1-cbv-version': '2.0.0',
        ...(token !== null && { 'gs1-signature': signature(token, body, Math.floor(Date.now() / 1000)) }),
      },
    })
    let answered: Delivery | null = null
    request.on('response', (response) => {
      // Only its status counts; a body that does not end is cut off with the rest.
      response.on('error', () => undefined).resume()
      answered = deliveryOf(response.statusCode ?? 0, place, (name) => {
        const value = response.headers[name]
        return typeof value === 'string' ? value : null
      })
    })
    let why = 'the connection was closed without an answer'
    request.on('error', (error) => {
      why = limit.signal.aborted && !signal.aborted ? `no answer within ${timeoutMs} ms` : error.message
    })
    // Comes also where neither an answer nor an error does, as behind a change of protocols.
    request.on('close', () => {
      limit.clear()
      resolve(answered ?? { ok: false, why: 'away', reason: `${place}: ${why}` })
    })
    request.end(body)
  })
}
