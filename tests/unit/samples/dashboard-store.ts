import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPartStore, openTraceQuery } from '../../../traceability/index.ts'
import { type Served, serve } from './dashboard-serve.ts'
import { at, failVerdict, gs1Code, passVerdict, request } from './traceability-requests.ts'

export interface StoreServed extends Served {
  close(): Promise<void>
}

/** A countermeasure took effect before this part. */
const CHANGED = 101

/**
 * A dashboard over a real store with 200 judged parts, P1 … P200, of lots L1 (the odd ones) and L2: 12 of the first 100
 * have a scratch, and 2 of the others.
 */
export async function serveStore(webDir?: string): Promise<StoreServed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-dashboard-store-'))
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => i + 1).map((n) => {
      const codes = [gs1Code(`P${n}`, n % 2 === 1 ? 'L1' : 'L2')]
      const bad = n < CHANGED ? n % 8 === 1 && n < 96 : n % 50 === 1
      return store.capture(request(n, bad ? failVerdict({ codes }) : passVerdict({ codes })))
    }),
  )
  const query = openTraceQuery(dataDir)
  const line = { plant: 'p1', line: 'caps-a' }
  const served = await serve(0, {
    queries: query as never,
    images: { path: (sha256) => query.path(sha256) },
    facts: {
      recordFact: (fact) => store.recordFact(fact, line),
      recordNcrStep: (step) => store.recordNcrStep(step, line),
    },
    ...(webDir === undefined ? {} : { webDir }),
  })
  return {
    ...served,
    async close() {
      await served.dashboard.close()
      query.close()
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export const changedAt = at(CHANGED)
