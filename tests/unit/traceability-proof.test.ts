import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { proofSchema } from '../../contracts/index.ts'
import {
  openKey,
  openLogKey,
  openSql,
  parseCheckpoint,
  readLogKey,
  tilePath,
  verifyDataDir,
} from '../../traceability/index.ts'
import { ProofKeeper } from '../../traceability/proof/keeper.ts'
import type { ProofState } from '../../traceability/proof/proof-state.ts'
import { UNPROTECTED } from '../../traceability/proof/image-class.ts'
import { inspectedLinks } from '../../traceability/proof/inspected-links.ts'
import { checkRange } from '../../traceability/proof/range-check.ts'
import { Pieces } from '../../traceability/proof/range-pool.ts'
import type { RangeResult } from '../../traceability/proof/range-walk.ts'
import { capture, ORIGIN, rewrite, signNow, sql } from './samples/signed-log.ts'
import { findingKinds, signedPlace } from './samples/signed-place.ts'

const place = signedPlace()

/** Every file below a folder by its hash. */
function hashes(dir: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const file = join(dir, name)
    if (statSync(file).isFile()) found[name] = createHash('sha256').update(readFileSync(file)).digest('hex')
  }
  return found
}

describe('the class of an image', () => {
  it('is that of the verdicts on the parts it shows', async () => {
    const dir = place.copy()
    sql(dir, `update image set retention = 'ok'`)
    const { state, findings } = await verifyDataDir(dir, { images: false })
    const failed = new Set<number>()
    for (let n = 1; n <= 60; n++) if (n % 3 === 0 && n % 7 !== 0) failed.add(n)
    expect(state).toBe('altered')
    expect(findings).toHaveLength(failed.size)
    for (const { kind, detail, position } of findings)
      expect({ kind, detail, known: position !== null }).toEqual({
        kind: 'image',
        detail: expect.stringMatching(/^images\/.* verdict fail, and its retention is ok in place of ng$/),
        known: true,
      })
  })

  it('is asked for without the rows of parts that passed', () => {
    const db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const plan = db.all<{ detail: string }>(`explain query plan ${UNPROTECTED}`).map((row) => row.detail)
    db.close()
    expect(plan[0]).toMatch(/^SCAN i USING COVERING INDEX/)
    expect(plan.slice(1).every((step) => step.startsWith('SEARCH'))).toBe(true)
  })
})

describe('signing', () => {
  it('leaves a log that is intact, with what it cannot tell', async () => {
    const report = await verifyDataDir(place.dir)
    expect(report).toMatchObject({
      state: 'intact',
      origin: ORIGIN,
      checkpoints: 2,
      findings: [],
      records: 60,
    })
    expect(report.signed).toBe(report.events)
    expect(report.images.checked).toBe(52)
    expect(report.limits.map((l) => l.en).join()).toMatch(/no witness.*/)
  })

  it('makes the same tiles from the events again, wherever they were lost', async () => {
    const tiles = join(place.dir, 'log', 'tile')
    const before = hashes(tiles)
    rmSync(tiles, { recursive: true })
    await capture(place.dir, 61, 61)
    await signNow(place.dir)
    const { size } = parseCheckpoint(readFileSync(join(place.dir, 'log', 'checkpoint'), 'utf8'))
    const after = hashes(tiles)
    for (const [name, hash] of Object.entries(after))
      if (name in before) expect(hash, name).toBe(before[name])
    expect(Object.keys(after)).toContain(tilePath(0, 0, size).slice('tile/'.length))
    expect(await findingKinds(place.dir)).toEqual([])
  })

  it('does not sign over an altered event or a cut log', async () => {
    const altered = place.copy()
    rewrite(altered, (events) =>
      events.map((e, i) => (i === 4 ? { ...e, json: e.json.replace('"1.0"', '"1.1"') } : e)),
    )
    await capture(altered, 61, 61)
    await expect(signNow(altered)).rejects.toMatchObject({ code: 'TRC_PROOF' })
    const cut = place.copy()
    rewrite(cut, (events) => events.slice(0, 20))
    await expect(signNow(cut)).rejects.toMatchObject({ code: 'TRC_PROOF' })
  })

  it('goes on when the clock is put back, at its pace, and says so until the clock is past that', async () => {
    const states: ProofState[] = []
    const signer = openLogKey({ dataDir: place.dir, keyFile: null, origin: ORIGIN, fallback: ORIGIN })
    const db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const spec = { ...proofSchema.parse({}), everyEvents: 1_000, everyMs: 1 }
    const o = { db, dataDir: place.dir, signer, spec, onState: (state: ProofState) => states.push(state) }
    const keeper = new ProofKeeper(o)
    const step = async (n: number): Promise<ProofState | undefined> => {
      await capture(place.dir, n, n)
      await keeper.step()
      return states.at(-1)
    }
    const before = await step(61)
    expect(before).toMatchObject({ fault: null, clock: null })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 4 * 3_600_000 })
    try {
      const back = await step(62)
      expect(back?.size).toBeGreaterThan(before?.size ?? 0)
      expect(back).toMatchObject({ fault: null, clock: { code: 'TRC_CLOCK' } })
    } finally {
      vi.useRealTimers()
    }
    expect(await step(63)).toMatchObject({ fault: null, clock: null })
    db.close()
    const report = await verifyDataDir(place.dir)
    expect(report).toMatchObject({ state: 'intact', findings: [] })
    expect(report.signed).toBe(report.events)
  })

  it('goes on behind a torn line of a crash', async () => {
    const file = join(place.dir, 'log', 'checkpoints.jsonl')
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"at":"2026`)
    await capture(place.dir, 61, 62)
    await signNow(place.dir)
    expect(await verifyDataDir(place.dir)).toMatchObject({ state: 'intact', checkpoints: 3 })
  })

  it('has tiles where c2sp.org/tlog-tiles puts them', () => {
    // Its examples: index 1234067; a tree of 70,000 with 273 full tiles and a partial one of 112.
    expect(tilePath(0, 1_234_067, 256)).toBe('tile/0/x001/x234/067')
    expect(tilePath(0, 273, 112)).toBe('tile/0/273.p/112')
    expect(tilePath('entries', 0, 256)).toBe('tile/entries/000')
  })
})

describe('key of a log', () => {
  it('is for its owner only, and stays the same', () => {
    const file = join(place.dir, 'keys', 'log.pem')
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    expect(readLogKey(place.dir)?.vkey).toBe(openKey(file, ORIGIN, 1).key.vkey)
    chmodSync(file, 0o644)
    expect(() => openKey(file, ORIGIN, 1)).toThrow(/TRC_KEY.*0600/)
  })

  it('is refused under another name, and when it is another one', () => {
    const ask = { dataDir: place.dir, keyFile: null, origin: 'other.example', fallback: ORIGIN }
    expect(() => openLogKey(ask)).toThrow(/TRC_KEY/)
    rmSync(join(place.dir, 'keys'), { recursive: true })
    expect(() => openLogKey({ ...ask, origin: ORIGIN })).toThrow(/TRC_KEY/)
  })
})

it('threads find what the calling thread does, the pieces in their order', async () => {
  const dir = place.copy()
  // In pieces of 8, the first two of which a thread is asked for.
  sql(
    dir,
    "drop trigger event_no_update; update event set subject = 'unit/other' where position in (3, 12, 58)",
  )
  const file = join(dir, 'trace.db')
  const tiles = { dir: join(dir, 'log'), size: (await verifyDataDir(place.dir)).signed }
  const db = openSql(file, { synchronous: 'normal', readOnly: true })
  const pieces = new Pieces(db, file, { threadsFrom: 1, piece: 8 })
  const found: RangeResult[] = []
  try {
    for await (const piece of pieces.check(tiles)) found.push(piece)
    const end = found.at(-1)?.end ?? 0
    const whole = checkRange(db, { after: 0, end }, tiles, inspectedLinks(db))
    expect(found.map((p) => p.after)).toEqual(Array.from({ length: Math.ceil(end / 8) }, (_, n) => 8 * n))
    expect(Buffer.concat(found.map((p) => p.leaves)).equals(whole.leaves)).toBe(true)
    expect(found.flatMap((p) => p.findings)).toEqual(whole.findings)
    expect(whole.findings.map((f) => f.position)).toEqual([3, 12, 58])
    expect(found.reduce((n, p) => n + p.records, 0)).toBe(whole.records)
  } finally {
    await pieces.close()
    db.close()
  }
})

it('an error of a thread that checks keeps its code', async () => {
  const db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const file = join(place.dir, 'log', 'key.pub')
  const pieces = new Pieces(db, file, { threadsFrom: 1, piece: 8 })
  try {
    const all = async (): Promise<void> => {
      for await (const { count } of pieces.check({ dir: join(place.dir, 'log'), size: 0 }))
        expect(count).toBeLessThanOrEqual(8)
    }
    await expect(all()).rejects.toMatchObject({ name: 'CodedError', code: 'TRC_OPEN' })
  } finally {
    await pieces.close()
    db.close()
  }
})
