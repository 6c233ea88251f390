import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CodedError,
  newEvent,
  RETENTION_SUBJECT,
  type RetentionClass,
  type SqlDatabase,
} from '../../../contracts/index.ts'
import type { EventRow } from '../../../traceability/proof/range-check.ts'
import {
  CompactRange,
  leafHash,
  LogWriter,
  openLogKey,
  openPartStore,
  openSql,
} from '../../../traceability/index.ts'
import { keepSchema } from '../../../traceability/store/schema-check.ts'
import { failVerdict, gs1Code, missed, passVerdict, request } from './traceability-requests.ts'

export const ORIGIN = 'test.example/caps-a'

/** Captures of every kind: read and unread codes, lots, defects, missed frames, two stations. */
export async function capture(dataDir: string, from: number, to: number): Promise<void> {
  const store = await openPartStore({ dataDir, synchronous: 'normal', spoolAfterMs: 20_000 })
  for (let n = from; n <= to; n++) {
    const verdict = n % 3 === 0 ? failVerdict() : passVerdict()
    const codes = n % 4 === 0 ? [] : [gs1Code(`S${n}`, n % 2 === 0 ? 'L1' : undefined)]
    const image = Uint8Array.of(1, 2, 3, 4, n % 251, 6, 7, Math.floor(n / 251))
    const r = n % 7 === 0 ? missed(n) : request(n, { ...verdict, codes }, { image })
    await store.capture(
      n % 5 === 0 ? { ...r, station: 'st20', context: { ...r.context, station: 'st20' } } : r,
    )
  }
  await store.close()
}

/** As retention does it when the disk gets full. */
export async function deleteImages(
  dataDir: string,
  images: string[],
  of: RetentionClass = 'pass',
): Promise<void> {
  const store = await openPartStore({ dataDir, synchronous: 'normal', spoolAfterMs: 20_000 })
  await store.deleteImages(
    newEvent({
      type: 'qe.image.deleted.v1',
      source: '/plants/p/lines/caps-a',
      subject: RETENTION_SUBJECT,
      partitionkey: 'caps-a',
      data: { class: of, images, bytes: 1, freeBytes: 1, minFreeBytes: 2 },
    }),
  )
  await store.close()
}

/** @returns what was set aside */
export async function signNow(dataDir: string, entries = true): Promise<CodedError[]> {
  const setAside: CodedError[] = []
  const onSetAside = (why: CodedError): number => setAside.push(why)
  const signer = openLogKey({ dataDir, keyFile: null, origin: ORIGIN, fallback: ORIGIN })
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  try {
    await new LogWriter({ db, dataDir, signer, entries, onSetAside }).sign()
    return setAside
  } finally {
    db.close()
  }
}

export function temporary(): { dir: string; copy(): string; dispose(): void } {
  const base = mkdtempSync(join(tmpdir(), 'sightline-proof-'))
  const dir = join(base, 'data')
  let copies = 0
  return {
    dir,
    copy() {
      const to = join(base, `copy-${++copies}`)
      cpSync(dir, to, { recursive: true })
      return to
    },
    dispose: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** A copy that is tampered with need not last, and waiting for the disk takes most of the time of many. */
export const UNSYNCED = 'pragma synchronous = off'

/**
 * Rewrites the event table as somebody would who owns the file and knows the format: triggers off, new places without
 * a gap, leaf hashes and tree computed again, triggers on. Records keep pointing at the events they belong to.
 */
export function rewrite(dataDir: string, change: (events: EventRow[]) => EventRow[]): void {
  const db: SqlDatabase = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
  try {
    db.exec(
      `${UNSYNCED}; pragma foreign_keys = off; drop trigger event_no_update; drop trigger event_no_delete`,
    )
    const events = change(db.all<EventRow>('select * from event order by position'))
    db.transaction(() => {
      db.exec('delete from event; drop index event_id')
      const tree = new CompactRange()
      const places = new Map<number, number>()
      events.forEach((e, i) => {
        const leaf = leafHash(e.json)
        tree.append(leaf)
        places.set(e.position, i + 1)
        db.run(
          `insert or ignore into event (position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          i + 1,
          e.id,
          e.source,
          e.sequence,
          e.type,
          e.subject,
          e.partitionkey,
          e.time,
          e.json,
          leaf,
        )
      })
      db.run('update log_tree set size = ?, nodes = ?, root = ?', tree.size, tree.nodes(), tree.root())
      for (const table of [
        'inspection',
        'defect',
        'measurement',
        'inspection_image',
        'carrier_read',
        'review',
      ]) {
        const old = db.all<{ position: number }>(`select distinct position from ${table} order by position`)
        // Away first, so that no place is taken twice on the way.
        for (const { position } of old)
          db.run(`update ${table} set position = -position where position = ?`, position)
        for (const { position } of old) {
          const now = places.get(position)
          if (now === undefined) db.run(`delete from ${table} where position = ?`, -position)
          else db.run(`update ${table} set position = ? where position = ?`, now, -position)
        }
      }
    })
    keepSchema(db, dataDir)
  } finally {
    db.close()
  }
}

/** As somebody who puts the guards back that were in the way. */
export function sql(dataDir: string, statements: string): void {
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
  db.exec(`${UNSYNCED}; pragma foreign_keys = off; ${statements}`)
  keepSchema(db, dataDir)
  db.close()
}
