import { createHmac } from 'node:crypto'
import { isIP } from 'node:net'
import type { Delivery } from '../sinks/event-sink.ts'
import { placeOf, postHttp } from '../sinks/http-post.ts'
import { portOf, type TargetRules } from './webhook-target.ts'

const TIMEOUT_MS = 10_000

/**
 * `GS1-Signature` of a delivery: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body", hex>`, keyed by the token the
 * subscriber chose. The time in it lets the receiver refuse a delivery that is played again.
 */
const signature = (token: string, body: string, seconds: number): string =>
  `t=${seconds},v1=${createHmac('sha256', token).update(`${seconds}.${body}`).digest('hex')}`

/** Sends one query document, as `postHttp` does, to where the rules let it. Never rejects. */
export async function postDocument(
  dest: string,
  body: string,
  token: string | null,
  { rules, signal, timeoutMs = TIMEOUT_MS }: { rules: TargetRules; signal: AbortSignal; timeoutMs?: number },
): Promise<Delivery> {
  let url: URL
  try {
    url = rules.check(dest)
  } catch (error) {
    return { ok: false, why: 'refused', reason: error instanceof Error ? error.message : String(error) }
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return postHttp(url, {
    place: placeOf(dest),
    // An address is not looked up; it was checked as it stands.
    ...(isIP(host) === 0 && { lookup: rules.lookup(portOf(url)) }),
    headers: {
      'content-type': 'application/ld+json',
      'gs1-epcis-version': '2.0.0',
      'gs1-cbv-version': '2.0.0',
      ...(token !== null && { 'gs1-signature': signature(token, body, Math.floor(Date.now() / 1000)) }),
    },
    body,
    signal,
    timeoutMs,
  })
}
