import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { InspectionCompleted, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { openPartStore, openSql, type ProofFinding, verifyDataDir } from '../../traceability/index.ts'
import type { EventRow } from '../../traceability/proof/range-check.ts'
import { capture, rewrite, signNow, temporary, UNSYNCED } from '../unit/samples/signed-log.ts'
import { gs1Code, passVerdict, request } from '../unit/samples/traceability-requests.ts'

/** Ten thousand take five minutes where no disk is waited for: `TMPDIR=/dev/shm npm run test:long`. */
const RUNS = Number(process.env['SIGHTLINE_TAMPERINGS'] ?? 180)
/** Parts of the clean log; the whole number with `npm run test:long`. */
const CLEAN = Number(process.env['SIGHTLINE_CLEAN_EVENTS'] ?? 4_000)
const SEED = 20260415
const PARTS = 30
const CHINESE = /[\u4e00-\u9fff]/

const place = temporary()
let events: EventRow[] = []

beforeAll(async () => {
  await capture(place.dir, 1, 12)
  await signNow(place.dir)
  await capture(place.dir, 13, PARTS)
  await signNow(place.dir)
  events = withDb(place.dir, (db) => db.all<EventRow>('select * from event order by position'))
})
afterAll(() => place.dispose())

let state = SEED
function random(n: number): number {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) % n
}

function withDb<T>(dir: string, work: (db: SqlDatabase) => T): T {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
  try {
    db.exec(UNSYNCED)
    return work(db)
  } finally {
    db.close()
  }
}

/** Another character at a place of a text, or another byte. */
const otherByte = (byte: number): number => (byte ^ (1 << random(6))) & 0xff
function flipped(text: string, at: number): string {
  const now = text.charCodeAt(at)
  const next = now === 32 + (now % 32) ? 64 + random(26) : 48 + random(10)
  return text.slice(0, at) + String.fromCharCode(next === now ? next + 1 : next) + text.slice(at + 1)
}

/** What was done, and findings of which one each must be there. */
interface Done {
  what: string
  told: { kinds: ProofFinding['kind'][]; positions: number[] }[]
}
type Tampering = (dir: string) => Done

const some = (): number => random(events.length)
const at = (index: number): number => index + 1
/** An inspection with a record, and one with an image. */
const inspection = (): EventRow => events[some()] ?? events[0] ?? raise()
function withImage(): { position: number; sha256: string } {
  for (;;) {
    const event = inspection()
    const [view] = (JSON.parse(event.json) as QEvent<InspectionCompleted>).data.image.views
    if (view) return { position: event.position, sha256: view.sha256 }
  }
}
const raise = (): never => {
  throw new Error('no event')
}
const imageFile = (dir: string, sha256: string): string =>
  withDb(dir, (db) => join(dir, String(db.get('select path from image where sha256 = ?', sha256)?.['path'])))

const one = (what: string, kinds: ProofFinding['kind'][], ...positions: number[]): Done => ({
  what: `${what} at ${positions.join(' or ')}`,
  told: [{ kinds, positions }],
})

const TAMPERINGS: Tampering[] = [
  function flip(dir) {
    const i = some()
    rewrite(dir, (all) =>
      all.map((e, n) => (n === i ? { ...e, json: flipped(e.json, random(e.json.length)) } : e)),
    )
    // A text that is no event any more is one that is gone, and something else in its place.
    return one('flipped a character of the event', ['changed', 'dropped'], at(i))
  },
  function drop(dir) {
    const i = some()
    rewrite(dir, (all) => all.filter((_, n) => n !== i))
    return i === events.length - 1
      ? one('dropped the last event', ['cut'], at(i))
      : one('dropped the event', ['dropped'], at(i))
  },
  function insert(dir) {
    const i = random(events.length - 1)
    const model = inspection()
    const json = model.json.replace(/"id":"[^"]*"/, '"id":"0198c0de-0000-7000-8000-000000000000"')
    rewrite(dir, (all) => [
      ...all.slice(0, i),
      {
        ...model,
        position: 1e6,
        json: flipped(json, json.indexOf('"time":') + 12),
        source: '/forged',
        sequence: 1,
      },
      ...all.slice(i),
    ])
    return one('inserted an event', ['inserted'], at(i))
  },
  function reorder(dir) {
    const from = some()
    const to = (from + 2 + random(events.length - 3)) % events.length
    rewrite(dir, (all) => {
      const rest = all.filter((_, n) => n !== from)
      return [...rest.slice(0, to), all[from] ?? raise(), ...rest.slice(to)]
    })
    // Behind the last signed event stands what may be newer: there it is only told to be gone from its place.
    const behind = to === events.length - 1
    const kinds: ProofFinding['kind'][] = behind
      ? ['moved', 'dropped']
      : from === events.length - 1
        ? ['moved', 'cut']
        : ['moved']
    return one(`moved the event to ${at(to)}`, kinds, at(from))
  },
  function replay(dir) {
    const i = random(events.length - 1)
    const j = (i + 2 + random(events.length - 4)) % events.length
    rewrite(dir, (all) => [
      ...all.slice(0, i),
      { ...(all[j] ?? raise()), position: 1e6, source: '/again', sequence: 1 },
      ...all.slice(i),
    ])
    return one(`put event ${at(j)} in once more`, ['inserted'], at(i))
  },
  function cut(dir) {
    const keep = 1 + random(events.length - 1)
    rewrite(dir, (all) => all.slice(0, keep))
    return one('cut the tail', ['cut'], at(keep))
  },
  function swapImage(dir) {
    const a = withImage()
    let b = withImage()
    while (b.sha256 === a.sha256) b = withImage()
    const [fileA, fileB] = [imageFile(dir, a.sha256), imageFile(dir, b.sha256)]
    const bytes = readFileSync(fileA)
    copyFileSync(fileB, fileA)
    writeFileSync(fileB, bytes)
    return {
      what: `swapped the images of ${a.position} and ${b.position}`,
      told: [a, b].map(({ position }) => ({ kinds: ['image'], positions: [position] })),
    }
  },
  function flipImage(dir) {
    const { position, sha256 } = withImage()
    const file = imageFile(dir, sha256)
    const bytes = readFileSync(file)
    const i = random(bytes.length)
    bytes[i] = otherByte(bytes[i] ?? 0)
    writeFileSync(file, bytes)
    return one('flipped a byte of the image', ['image'], position)
  },
  function flipRecord(dir) {
    const { position } = inspection()
    withDb(dir, (db) => {
      const row = db.get<{ record: Uint8Array }>('select record from inspection where position = ?', position)
      const bytes = Buffer.from(row?.record ?? raise())
      const i = random(bytes.length)
      bytes[i] = otherByte(bytes[i] ?? 0)
      db.run('update inspection set record = ? where position = ?', bytes, position)
    })
    return one('flipped a byte of the record', ['record'], position)
  },
  function flipColumn(dir) {
    const { position } = inspection()
    const columns = [
      'inspection_id',
      'station',
      'shift',
      'product',
      'unit',
      'serial',
      'recipe',
      'started_at',
      'ended_at',
      'plant',
      'line',
      'revision',
      'run_type',
      'disposition',
      'recipe_sha256',
      'reasons',
    ]
    const column = columns[random(columns.length)] ?? raise()
    withDb(dir, (db) =>
      db.run(`update inspection set ${column} = substr(${column}, 2) || 'x' where position = ?`, position),
    )
    return one(`changed ${column}`, ['record'], position)
  },
  function flipLeaf(dir) {
    const { position } = inspection()
    withDb(dir, (db) => {
      db.exec('drop trigger event_no_update')
      db.run('update event set leaf_hash = zeroblob(32) where position = ?', position)
    })
    return one('changed the leaf hash', ['tree'], position)
  },
  function flipSubject(dir) {
    const { position } = inspection()
    withDb(dir, (db) => {
      db.exec('drop trigger event_no_update')
      db.run(`update event set subject = subject || '0' where position = ?`, position)
    })
    return one('changed the subject in the table', ['column'], position)
  },
]

it(
  `finds and locates ${RUNS} generated tamperings, seed ${SEED}`,
  { timeout: 60_000 + RUNS * 1_500 },
  async () => {
    const counts = new Map<string, number>()
    for (let n = 0; n < RUNS; n++) {
      const tamper = TAMPERINGS[n % TAMPERINGS.length] ?? raise()
      const before = state
      const dir = place.copy()
      const done = tamper(dir)
      const { state: verdict, findings } = await verifyDataDir(dir)
      rmSync(dir, { recursive: true })
      const missing = done.told.filter(
        ({ kinds, positions }) =>
          !findings.some(
            (f) => kinds.includes(f.kind) && f.position !== null && positions.includes(f.position),
          ),
      )
      expect({
        missing,
        verdict,
        n,
        before,
        what: done.what,
        findings: missing.length > 0 ? findings : [],
      }).toEqual({
        missing: [],
        verdict: 'altered',
        n,
        before,
        what: done.what,
        findings: [],
      })
      for (const { detail, zh } of findings)
        expect({ detail, zh }).toMatchObject({ zh: expect.stringMatching(CHINESE) })
      counts.set(tamper.name, (counts.get(tamper.name) ?? 0) + 1)
    }
    expect(counts.size).toBe(TAMPERINGS.length)
  },
)

it(`raises nothing over a clean log of ${CLEAN} events`, { timeout: 60_000 + CLEAN * 20 }, async () => {
  const { dir, dispose } = temporary()
  try {
    const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 600_000 })
    for (let n = 1; n <= CLEAN; n += 250)
      await Promise.all(
        Array.from({ length: Math.min(250, CLEAN - n + 1) }, (_, k) =>
          store.capture(
            request(n + k, passVerdict({ codes: [gs1Code(`C${n + k}`, 'L1')] }), { image: null }),
          ),
        ),
      )
    await store.close()
    await signNow(dir)
    expect(await verifyDataDir(dir)).toMatchObject({
      state: 'intact',
      events: CLEAN,
      signed: CLEAN,
      records: CLEAN,
      findings: [],
      more: 0,
    })
  } finally {
    dispose()
  }
})
