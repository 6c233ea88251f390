import { afterAll, beforeAll } from 'vitest'
import { serve, type Served } from './dashboard-serve.ts'
import type { Json } from './epcis-documents.ts'
import { Repository } from './epcis-repository.ts'

export interface Answer {
  status: number
  headers: Headers
  body: Json
}

/** The interface on a dashboard of the file's own. */
export interface ServedEpcis {
  repository: Repository
  served: Served
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** @param use gets it before the first test; it ends with the last one */
export function servedEpcis(use: (open: ServedEpcis) => void): void {
  let repository: Repository
  let served: Served
  beforeAll(async () => {
    repository = await Repository.open()
    served = await serve(1, { epcis: repository.epcis })
    use({ repository, served, ask: (...asked) => ask(served.url, ...asked) })
  })
  afterAll(async () => {
    await served.dashboard.close()
    await repository.remove()
  })
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/epcis${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Json),
  }
}

export const observed = (n: number, patch: Json = {}): Json => ({
  type: 'ObjectEvent',
  eventID: `urn:x:event:${n}`,
  eventTime: `2026-01-05T06:00:${String(n % 60).padStart(2, '0')}.000Z`,
  eventTimeZoneOffset: '+00:00',
  action: 'OBSERVE',
  epcList: [`urn:epc:id:sgtin:0614141.107346.${n}`],
  bizStep: 'shipping',
  ...patch,
})
