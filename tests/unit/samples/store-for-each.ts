import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import {
  openPartStore,
  openTraceQuery,
  type TraceQuery,
  type TraceStore,
} from '../../../traceability/index.ts'

export interface OpenStore {
  dataDir: string
  store: TraceStore
  query: TraceQuery
}

/** A data directory of its own for each test of the file, with its store and what asks it; gone after the test. */
export function storeForEach(use: (open: OpenStore) => void): void {
  let open: OpenStore
  beforeEach(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-store-'))
    const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
    open = { dataDir, store, query: openTraceQuery(dataDir) }
    use(open)
  })
  afterEach(async () => {
    open.query.close()
    await open.store.close()
    rmSync(open.dataDir, { recursive: true, force: true })
  })
}
