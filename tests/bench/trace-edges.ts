import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqlDatabase } from '../../contracts/index.ts'
import { migrate, openSql, openTraceQuery, QueryProcess } from '../../traceability/index.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { gs1Code, passVerdict, request } from '../unit/samples/traceability-requests.ts'
import { follow } from '../../traceability/genealogy/flow.ts'
import { cpuOf, type Measured, print, quantile } from './measure.ts'

const LOT = 200
const BOX = 50
const PALLET = 20
/** Units of the one lot that is recalled. */
const RECALLED = 20_000
const GTIN = '09506000134352'
const ASKED = 500
/** Of the capture of a good part: how many rows lie on a page is what a walk pays for, and a life reads it. */
const RECORD = Buffer.from(
  JSON.stringify(recordOf(request(1, passVerdict({ codes: [gs1Code('B1', 'L1')] })))),
)

const unitUri = (n: number): string => `https://id.gs1.org/01/${GTIN}/21/B${n}`
const lotUri = (name: string): string => `https://id.gs1.org/01/${GTIN}/10/${name}`
const lotOf = (n: number): string => (n <= RECALLED ? 'RECALLED' : `L${Math.floor(n / LOT)}`)
const stamp = (n: number): string => new Date(Date.UTC(2026, 0, 5) + n * 1_000).toISOString()

/**
 * Backward and forward trace and recall among `edges` edges: units of lots of 200, lots of suppliers, units in boxes of 50,
 * boxes on pallets, pallets in shipments; every unit was judged once,
 * and served by the gate as judged.
 */
export async function benchEdges(edges: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const file = join(dir, 'trace.db')
  try {
    const db = openSql(file, { synchronous: 'normal' })
    migrate(db, file)
    const units = fill(db, edges)
    const some = (k: number): number => 1 + ((k * 7_919 + 13) % units)
    const up = times(ASKED, (k) => {
      const { nodes } = follow(db, [{ uri: unitUri(some(k)) }], 'up', 5_000)
      if (nodes.length < 3) throw new Error('a unit without its lot and supplier')
    })
    const down = times(ASKED, (k) => {
      const { nodes } = follow(
        db,
        [{ uri: lotUri(lotOf(RECALLED + (some(k) % (units - RECALLED)))) }],
        'down',
        5_000,
      )
      if (nodes.length < 2) throw new Error('a lot that went nowhere')
    })
    db.close()
    const query = openTraceQuery(dir)
    const recall = times(15, () => {
      const { units: found } = query.recall({ target: 'lot/RECALLED' })
      if (found.length !== RECALLED) throw new Error(`recall found ${found.length}`)
    })
    const life = await lives(query, units, some)
    query.close()
    const text = await texts(dir)
    const gib = statSync(file).size / 2 ** 30
    print(
      `${edges.toLocaleString('en-US')} edges, ${units.toLocaleString('en-US')} units, ${gib.toFixed(2)} GiB`,
    )
    tell('backward from a unit', up, 'target p99 10 ms at 10^7')
    tell('forward from a lot of 200', down)
    tell('life of a unit (timeline, both ways, siblings)', life)
    tell(`recall of ${RECALLED.toLocaleString('en-US')} units`, recall, 'target 100 ms')
    tell('the same as JSON from the query process; CPU of who asks', text)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function tell(name: string, m: Measured, target = ''): void {
  const ms = (q: number): string => quantile(m.ms, q).toFixed(2)
  print(
    `  ${name}: p50 ${ms(0.5)}, p99 ${ms(0.99)} ms; CPU ${m.cpuMs.toFixed(2)} ms each ${target && `(${target})`}`,
  )
}

function times(count: number, work: (k: number) => void): Measured {
  for (let k = 0; k < Math.min(count, 50); k++) work(k)
  const ms: number[] = []
  const cpu = cpuOf()
  for (let k = 0; k < count; k++) {
    const start = performance.now()
    work(k + 50)
    ms.push(performance.now() - start)
  }
  return { ms, cpuMs: cpu() / count }
}

async function lives(
  query: ReturnType<typeof openTraceQuery>,
  units: number,
  some: (k: number) => number,
): Promise<Measured> {
  const ms: number[] = []
  const cpu = cpuOf()
  for (let k = 0; k < 200; k++) {
    const start = performance.now()
    const [life] = await query.unitLives(`B${Math.min(units, some(k))}`, { shown: 20 })
    ms.push(performance.now() - start)
    if (life?.inspections.total !== 1) throw new Error('a unit that was not judged once')
  }
  return { ms, cpuMs: cpu() / 200 }
}

/** A recall as a page gets it: rows and text are made in another process. */
async function texts(dataDir: string): Promise<Measured> {
  // The process does not keep who asks it alive.
  const alive = setInterval(() => undefined, 1_000)
  const process = new QueryProcess({ dataDir })
  const ask = async (): Promise<number> => {
    const start = performance.now()
    const text = await process.questions.recallText({ target: 'lot/RECALLED' }, 'json')
    if (text.length < 100 * RECALLED) throw new Error(`recall of ${text.length} characters`)
    return performance.now() - start
  }
  const COUNT = 15
  const ms: number[] = []
  try {
    for (let k = 0; k < COUNT; k++) await ask()
    const cpu = cpuOf()
    for (let k = 0; k < COUNT; k++) ms.push(await ask())
    return { ms, cpuMs: cpu() / COUNT }
  } finally {
    await process.close()
    clearInterval(alive)
  }
}

/** The rows that captures and facts would leave, without the text of the events. How many units there are. */
function fill(db: SqlDatabase, edges: number): number {
  db.exec('pragma foreign_keys = off')
  const edge = (child: string, parent: string, kind: string, at: string, position: number): void => {
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position) values (?, ?, ?, 'certain', ?, ?)
       on conflict do nothing`,
      child,
      parent,
      kind,
      at,
      position,
    )
  }
  // Two edges of a unit, and those of its lot, box and pallet.
  const units = Math.floor(edges / (2 + 1 / LOT + 1 / BOX + 1 / (BOX * PALLET)))
  const PART = 20_000
  for (let from = 1; from <= units; from += PART)
    db.transaction(() => {
      for (let n = from; n < from + PART && n <= units; n++) {
        const [at, box] = [stamp(n), Math.floor(n / BOX)]
        const lot = lotUri(lotOf(n))
        const [boxUri, palletUri] = [
          `urn:sightline:box:${box}`,
          `urn:sightline:pallet:${Math.floor(box / PALLET)}`,
        ]
        judged(db, n, at)
        edge(unitUri(n), lot, 'associate', at, n)
        edge(unitUri(n), boxUri, 'aggregate', at, n)
        if (n % LOT === 0 || n === 1) {
          edge(lot, 'urn:sightline:supplier:S1', 'associate', stamp(0), n)
          db.run(
            `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, 'cap', 'S1', ?)
             on conflict do nothing`,
            lot,
            lotOf(n),
            at,
          )
        }
        if (n % BOX === 0) edge(boxUri, palletUri, 'aggregate', at, n)
        if (n % (BOX * PALLET) === 0) edge(palletUri, `urn:sightline:shipment:${box % 100}`, 'ship', at, n)
      }
    })
  return units
}

function judged(db: SqlDatabase, n: number, at: string): void {
  const inspectionId = `0198c0de-0000-7000-8000-${String(n).padStart(12, '0')}`
  db.run(
    `insert into inspection (position, inspection_id, station, trigger_number, attempt, run_type, plant, line, shift,
       product, revision, unit, serial, identified_by, lot, result, disposition, recipe, recipe_sha256, started_at,
       ended_at, total_ms, budget_ms, reasons, width_px, height_px, sequence, record, record_encoding)
     values (?1, ?2, ?3, ?1, 1, 'production', 'p1', 'l1', 'day', 'cap', 'A', ?4, ?5, 'code', ?6, 'pass', 'release',
       'cap-top@4', 'ab', ?7, ?7, 11, 120, '[]', 4, 2, ?1, ?8, 'json')`,
    n,
    inspectionId,
    `st${n % 4}`,
    unitUri(n),
    `B${n}`,
    lotOf(n),
    at,
    RECORD,
  )
  db.run(
    `insert into gate (id, inspection_id, at, ok, command, ack)
     values (?1, ?1, ?2, 1, '{"action":"release","disposition":"release"}', '{"ok":true}')`,
    inspectionId,
    at,
  )
  db.run(
    `insert into identity (uri, serial, kind, product, gtin, lot, first_at, first_position)
     values (?, ?, 'code', 'cap', ?, ?, ?, ?)`,
    unitUri(n),
    `B${n}`,
    GTIN,
    lotOf(n),
    at,
    n,
  )
}
