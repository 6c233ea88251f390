import { mkdtempSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDashboard, type Dashboard, type DashboardOptions } from '../../../dashboard/index.ts'
import { FakeLine } from './dashboard-line.ts'

export interface Served {
  line: FakeLine
  dashboard: Dashboard
  url: string
  port: number
  httpsPort: number | undefined
  /** What the server logged as an error. */
  logged: object[]
}

/** A dashboard on a free port over an in-memory line with `parts` judged parts. */
export async function serve(parts: number, options: Partial<DashboardOptions> = {}): Promise<Served> {
  const line = new FakeLine(mkdtempSync(join(tmpdir(), 'sightline-dashboard-')))
  await line.fill(parts)
  const logged: object[] = []
  const dashboard = createDashboard({
    queries: line.queries,
    facts: line.facts,
    live: line.live,
    modules: line.modules,
    images: line.images,
    sinks: line.sinks,
    log: { info: () => {}, warn: () => {}, error: (facts) => logged.push(facts) },
    version: '0.1.0-test',
    ...options,
  })
  const { url, port, httpsPort } = await dashboard.listen('127.0.0.1', 0)
  return { line, dashboard, url, port, httpsPort, logged }
}

/** Sends a path exactly as given: fetch would tidy `..` away, and sets the Host header itself. */
export function rawGet(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, headers }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => (text += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text }))
    })
    req.on('error', reject)
    req.end()
  })
}

/** One request by any method, also those that `fetch` refuses. */
export function rawAsk(
  port: number,
  method: string,
  path: string,
): Promise<{ status: number; text: string; type: string | undefined; allow: string | null }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, method, path }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => (text += chunk))
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          text,
          type: res.headers['content-type'],
          allow: res.headers.allow ?? null,
        }),
      )
    })
    req.on('error', reject)
    req.end()
  })
}
