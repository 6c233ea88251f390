import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canonicalJson, type QEvent, type SqlDatabase, type SqlValue } from '../../contracts/index.ts'
import {
  CompactRange,
  leafHash,
  migrate,
  openPartStore,
  openSql,
  openTraceQuery,
  SCHEMA_VERSION,
  verifyDataDir,
} from '../../traceability/index.ts'
import { inspectionEvent } from '../../traceability/store/inspection-event.ts'
import { INSPECTION_COLUMNS } from '../../traceability/store/inspection-columns.ts'
import { childRows, inspectionRow } from '../../traceability/store/inspection-rows.ts'
import { MIGRATIONS } from '../../traceability/store/migrations.ts'
import { unitOf } from '../../traceability/store/prepared-capture.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { at, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const PARTS = 12
const RESTARTED = Date.parse('2026-01-05T06:00:00.000Z')
const GTIN = '09506000134352'
let dir: string
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'sightline-migrate-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/**
 * A data directory as programs before version 4 left it: an event per link, every alias as a row.
 *
 * @param anew numbers that came once more when the counter began anew
 */
function writeOld(version: number, anew: number[] = []): void {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
  for (const script of MIGRATIONS.slice(0, version)) db.exec(script)
  db.exec(`pragma user_version = ${version}`)
  const tree = new CompactRange()
  let sequence = 0
  const append = (event: Omit<QEvent, 'sequence'>): number => {
    sequence += 1
    const json = canonicalJson({ ...event, sequence: String(sequence).padStart(20, '0') })
    tree.append(leafHash(json))
    const { id, source, type, subject, partitionkey, time } = event
    insert(db, 'event', [
      tree.size,
      id,
      source,
      sequence,
      type,
      subject,
      partitionkey,
      time,
      json,
      leafHash(json),
    ])
    return tree.size
  }
  const attempt = version < 7 ? '' : '1, '
  const trigger = (n: number, state: string): unknown =>
    db.run(
      `insert into part_trigger values ('st10', ${attempt}?, ?, ?) on conflict do nothing`,
      n,
      at(n),
      state,
    )
  const parts = Array.from({ length: PARTS }, (_, i) => ({ n: i + 1, name: `M${i + 1}`, attempt: 1 }))
  parts.push(...anew.map((n) => ({ n, name: `N${n}`, attempt: RESTARTED })))
  for (const { n, name, attempt } of parts) {
    const code = gs1Code(name, 'L1')
    const record = recordOf(request(n, passVerdict({ codes: [code] }), { image: null, attempt }))
    const { unit } = unitOf(record)
    const event = inspectionEvent(record, { ...unit, origin: null }, null)
    const position = append(event)
    db.run(
      `insert into inspection (${INSPECTION_COLUMNS}) values (${INSPECTION_COLUMNS.replace(/[^,]+/g, '?')})`,
      position,
      ...inspectionRow(record, unit),
      sequence,
      Buffer.from(JSON.stringify(record)),
      'json',
    )
    for (const row of childRows(record).carrier_read) insert(db, 'carrier_read', [position, ...row])
    insert(db, 'identity', [unit.uri, unit.serial, 'code', 'cap', GTIN, 'L1', at(n), position])
    insert(db, 'identity_alias', [code.text, 'barcode', unit.uri])
    trigger(n, 'judged')
    const lot = `https://id.gs1.org/01/${GTIN}/10/L1`
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position) values (?, ?, 'associate', 'certain', ?, ?)`,
      unit.uri,
      lot,
      at(n),
      position,
    )
    db.run(`insert into material_lot values (?, 'L1', 'cap', null, ?) on conflict do nothing`, lot, at(n))
    const linked = { ...event, id: `0198c0de-0000-7000-8000-${String(tree.size).padStart(12, '0')}` }
    append({
      ...linked,
      type: 'qe.trace.linked.v1',
      causationid: record.inspectionId,
      data: { kind: 'associate', child: unit.uri, parent: lot, certainty: 'certain' },
    })
  }
  trigger(PARTS + 1, 'open')
  db.run('update log_tree set size = ?, nodes = ?, root = ?', tree.size, tree.nodes(), tree.root())
  db.close()
}

function insert(db: SqlDatabase, table: string, values: readonly SqlValue[]): void {
  db.run(`insert into ${table} values (${values.map(() => '?').join(', ')})`, ...values)
}

const namesOf = (db: SqlDatabase): unknown[] =>
  db.all(
    `select type, name, sql from sqlite_schema where sql is not null and name not like 'edge%' order by name`,
  )

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9].filter((v) => v < SCHEMA_VERSION))(
  'data of schema version %i',
  (version) => {
    it('is brought to the newest one, keeps its answers and its proof, and is written on', async () => {
      writeOld(version)
      const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 20_000 })
      const next = PARTS + 1
      await store.capture(request(next, passVerdict({ codes: [gs1Code(`M${next}`, 'L1')] }), { image: null }))
      const [balance] = await store.balance()
      expect(balance).toMatchObject({ triggers: next, verdicts: next, open: 0, closed: true })
      await store.close()

      const query = openTraceQuery(dir)
      for (const n of [1, next]) {
        const text = gs1Code(`M${n}`, 'L1').text
        for (const name of [
          `M${n}`,
          text,
          `(01)${GTIN}(21)M${n}`,
          `https://id.gs1.org/01/${GTIN}/21/M${n}`,
        ]) {
          const life = await query.bySerial(name)
          expect(
            life?.inspections.map((i) => i.trigger),
            name,
          ).toEqual([n])
          expect(life?.edges.map((e) => e.parent)).toEqual([`https://id.gs1.org/01/${GTIN}/10/L1`])
          // Links were events of their own.
          expect(life?.events).toHaveLength(n === next ? 1 : 2)
        }
        const [life] = await query.unitLives(`M${n}`)
        expect(life).toMatchObject({
          inspections: { total: 1 },
          lot: 'L1',
          timeline: { total: n === next ? 1 : 2 },
        })
      }
      expect(query.recall({ target: 'lot/L1' })).toMatchObject({ certain: next, cut: false })
      expect(query.counters()).toMatchObject([{ station: 'st10', inspected: next, pass: next }])
      query.close()
      expect(await verifyDataDir(dir)).toMatchObject({
        state: 'unproven',
        events: 2 * PARTS + 1,
        findings: [],
      })
    })

    it('is checked as it is, and what could not be compared is said', async () => {
      writeOld(version)
      const { findings, limits } = await verifyDataDir(dir)
      expect(findings).toEqual([])
      expect(limits.map((l) => l.en)).toContainEqual(
        expect.stringContaining(
          version < 3 ? 'tables of links, facts, holds and reviews were not' : 'links were not compared',
        ),
      )
    })

    it('ends with the tables and indices of a fresh file', () => {
      writeOld(version)
      const [old, fresh] = [
        openSql(join(dir, 'trace.db'), { synchronous: 'normal' }),
        openSql(':memory:', { synchronous: 'normal' }),
      ]
      migrate(old, 'old')
      migrate(fresh, 'fresh')
      expect(namesOf(old)).toEqual(namesOf(fresh))
      expect(old.get('pragma user_version')).toEqual({ user_version: SCHEMA_VERSION })
      expect(old.all('pragma foreign_key_check')).toEqual([])
      old.close()
      fresh.close()
    })
  },
)

it('numbers that came twice stay counted as they were, and from then on each count for itself', async () => {
  // The second count passed the first, and 13 is open.
  writeOld(6, [1, 2, 3, 14])
  const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 20_000 })
  const before = { station: 'st10', triggers: 14, verdicts: 13, noVerdicts: 0, open: 1, closed: true }
  expect(await store.balance()).toEqual([before])
  expect(await store.balance(at(0))).toEqual([before])
  expect(await store.lastTrigger('st10')).toEqual({ trigger: 14, attempt: 1 })
  await store.capture(request(2, passVerdict(), { image: null, attempt: RESTARTED + 1 }))
  const after = { ...before, triggers: 15, verdicts: 14 }
  expect(await store.balance()).toEqual([after])
  expect(await store.balance(at(0))).toEqual([after])
  await store.close()
})

it.each([2, 6])('what version %i did not have yet is asked for in vain, and no damage', (version) => {
  writeOld(version)
  const query = openTraceQuery(dir)
  const older = `TRC_OPEN: .*schema version ${SCHEMA_VERSION}; found version ${version};.*start the line once`
  expect(() => query.triggerBalance()).toThrow(new RegExp(older))
  // What needs nothing newer is answered.
  expect(query.counters()).toMatchObject([{ station: 'st10', pass: PARTS }])
  expect(query.lastPosition()).toBe(2 * PARTS)
  query.close()
})

it('what a newer program wrote is not read as if it meant the same, nor written', async () => {
  await (await openPartStore({ dataDir: dir })).close()
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
  db.exec(`pragma user_version = ${SCHEMA_VERSION + 1}`)
  db.close()
  const refused = /^TRC_OPEN: .*newer program/
  expect(() => openTraceQuery(dir)).toThrow(refused)
  await expect(verifyDataDir(dir)).rejects.toThrow(refused)
  await expect(openPartStore({ dataDir: dir })).rejects.toThrow(refused)
})
