import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlantStoreSpec, SqlDatabase } from '../../../contracts/index.ts'
import { openPartStore, openSql, Replicator, type TraceStore } from '../../../traceability/index.ts'
import type { GoneThrough } from '../../../traceability/plant/gone-through.ts'
import { context, failVerdict, gs1Code, passVerdict, request } from './traceability-requests.ts'

/** A line with its own store, and what replicates it. */
export class PlantLine {
  readonly dir = mkdtempSync(join(tmpdir(), 'sightline-plant-'))
  /** What it is called now. */
  line: string
  readonly log: string
  #store: TraceStore | null = null
  #trigger = 0

  constructor(line: string) {
    this.line = line
    this.log = `p1/${line}`
  }

  async store(): Promise<TraceStore> {
    this.#store ??= await openPartStore({ dataDir: this.dir, spoolAfterMs: 30_000 })
    return this.#store
  }

  /** The next call opens its store anew, as after a restart. */
  async stop(): Promise<void> {
    await this.#store?.close()
    this.#store = null
  }

  /** Judges parts; a third of them fails. Serials are told apart by the line; `coded`: whether they have any. */
  async judge(count: number, lot = 'M1', coded = true): Promise<void> {
    const store = await this.store()
    const asks = Array.from({ length: count }, () => {
      const n = ++this.#trigger
      const codes = !coded ? [] : [gs1Code(`${this.line.toUpperCase()}${n}`.replaceAll('-', ''), 'L1')]
      return request(n, n % 3 === 0 ? failVerdict({ codes }) : passVerdict({ codes }), {
        context: { ...context, line: this.line, lot, supplier: 'acme', operator: 'op-00000000000000a1' },
        place: { cavity: String(n % 4), fixture: `F${n % 2}` },
      })
    })
    for (let i = 0; i < asks.length; i += 64)
      await Promise.all(asks.slice(i, i + 64).map((ask) => store.capture(ask)))
  }

  /** Serial of the n-th part. */
  serial = (n: number): string => `${this.line.toUpperCase()}${n}`.replaceAll('-', '')

  source(): SqlDatabase {
    return openSql(join(this.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  }

  replicator(
    plant: SqlDatabase,
    o: {
      images?: PlantStoreSpec['images']
      batch?: number
      address?: string
      meanwhile?: () => void
      log?: string
      gone?: GoneThrough
    } = {},
  ): Replicator {
    const where = { plant: 'p1', line: this.line }
    const options = { source: this.source(), dataDir: this.dir, plant, log: o.log ?? this.log, where }
    return new Replicator({
      ...options,
      images: o.images ?? 'none',
      ...(o.batch && { batch: o.batch }),
      ...(o.meanwhile && { meanwhile: o.meanwhile }),
      ...(o.gone && { gone: o.gone }),
      address: o.address,
    })
  }

  /** Changes the database behind the back of the line. */
  tamper(sql: string): void {
    const db = openSql(join(this.dir, 'trace.db'), { synchronous: 'full' })
    db.exec('pragma foreign_keys = off; drop trigger event_no_update; drop trigger event_no_delete')
    db.exec(sql)
    db.close()
  }

  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Steps until the plant has all of it. */
export function carryAll(replicator: Replicator): void {
  for (;;) {
    const { received, events } = replicator.step()
    if (received >= events) return
  }
}
