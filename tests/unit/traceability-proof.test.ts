import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { proofSchema } from '../../contracts/index.ts'
import {
  keptCheckpoints,
  makeBundle,
  openKey,
  openLogKey,
  openPartStore,
  openSql,
  parseCheckpoint,
  proofOfPart,
  readLogKey,
  tilePath,
  verifyBundle,
  verifyDataDir,
} from '../../traceability/index.ts'
import { ProofKeeper } from '../../traceability/proof/keeper.ts'
import type { ProofState } from '../../traceability/proof/proof-state.ts'
import { UNPROTECTED } from '../../traceability/proof/image-class.ts'
import { inspectedLinks } from '../../traceability/proof/inspected-links.ts'
import { checkRange } from '../../traceability/proof/range-check.ts'
import { Pieces } from '../../traceability/proof/range-pool.ts'
import type { RangeResult } from '../../traceability/proof/range-walk.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { capture, deleteImages, ORIGIN, rewrite, signNow, sql, temporary } from './samples/signed-log.ts'

const base = temporary()
let place: { dir: string; copy(): string }
beforeAll(async () => {
  await capture(base.dir, 1, 30)
  await signNow(base.dir)
  await capture(base.dir, 31, 60)
  await signNow(base.dir)
})
beforeEach(() => {
  place = { dir: base.copy(), copy: () => base.copy() }
})
afterAll(() => base.dispose())

const kinds = async (dir: string): Promise<string[]> => [
  ...new Set((await verifyDataDir(dir)).findings.map((f) => f.kind)),
]

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
    expect(await kinds(place.dir)).toEqual([])
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

describe('verify names', () => {
  it('a record that no longer says what its event says', async () => {
    sql(place.dir, "update inspection set result = 'pass', disposition = 'release' where trigger_number = 3")
    const { findings } = await verifyDataDir(place.dir)
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({ kind: 'record', subject: 'unit/S3' })
    expect(findings[0]?.detail).toContain('result is pass in the record and fail in the event')
  })

  it('a stored capture, a defect, a measurement that were changed, and a record that is gone', async () => {
    const cases = [
      "update inspection set record = replace(cast(record as text), '0.93', '0.13') where trigger_number = 3",
      'update defect set score = 0.1 where position = (select position from inspection where trigger_number = 3)',
      'delete from measurement where position = (select position from inspection where trigger_number = 3)',
      'delete from inspection where trigger_number = 3',
      'update inspection set sequence = 99 where trigger_number = 3',
    ]
    for (const statement of cases) {
      const dir = place.copy()
      sql(
        dir,
        statement.includes('cast(')
          ? statement.replace(
              "replace(cast(record as text), '0.93', '0.13')",
              "cast(replace(cast(record as text), '0.93', '0.13') as blob)",
            )
          : statement,
      )
      const { findings } = await verifyDataDir(dir)
      expect(
        findings.map((f) => [f.kind, f.subject]),
        statement,
      ).toEqual([['record', 'unit/S3']])
    }
  })

  it('a record that no event stands behind, and one in the place of another kind of event', async () => {
    await deleteImages(place.dir, ['00'.repeat(32)])
    await signNow(place.dir)
    const columns = `inspection_id, station, trigger_number, attempt, run_type, plant, line, shift, product, revision,
      unit, serial, identified_by, result, disposition, recipe, recipe_sha256, started_at, ended_at, total_ms, budget_ms,
      reasons, width_px, height_px, sequence, record, record_encoding`
    for (const position of [61, 99]) {
      const dir = place.copy()
      sql(
        dir,
        `insert into inspection (position, ${columns}) select ${position}, ${columns
          .replace('inspection_id', "'forged'")
          .replace('trigger_number', '999')} from inspection where trigger_number = 3`,
      )
      const { findings } = await verifyDataDir(dir)
      expect(findings, String(position)).toMatchObject([
        { kind: 'record', position, event: 'forged', detail: 'a record without an event' },
      ])
    }
  })

  it('columns and rows that the event does not have, by the stored capture', async () => {
    const [part, missed] = ['trigger_number = 3', 'trigger_number = 7']
    const position = (where: string): string => `(select position from inspection where ${where})`
    const cases: [what: string, statement: string][] = [
      ['severity', `update inspection set severity = 'minor' where ${part}`],
      ['severity', `update inspection set severity = null where ${part}`],
      ['attempt', `update inspection set attempt = 9 where ${part}`],
      ['no_verdict_code', `update inspection set no_verdict_code = 'INS_DECODE' where ${missed}`],
      ['no_verdict_code', `update inspection set no_verdict_code = 'INS_DECODE' where ${part}`],
      ['recipe_sha256', `update inspection set recipe_sha256 = '${'cd'.repeat(32)}' where ${part}`],
      ['reasons', `update inspection set reasons = '[]' where ${part}`],
      ['registration', `update inspection set registration = '{}' where ${part}`],
      ['width_px', `update inspection set width_px = 5 where ${part}`],
      ['defect', `update defect set severity = 'minor' where position = ${position(part)}`],
      ['defect', `update defect set area_px = area_px / 2 where position = ${position(part)}`],
      ['defect', `update defect set length_mm = null where position = ${position(part)}`],
      ['defect', `update defect set roi = 'other' where position = ${position(part)}`],
      ['measurement', `update measurement set usl = 9 where position = ${position(part)}`],
      ['measurement', `update measurement set lsl = null where position = ${position(part)}`],
      ['measurement', `update measurement set tool = 'other' where position = ${position(part)}`],
      ['carrier_read', `update carrier_read set text = 'other' where position = ${position(part)}`],
      ['carrier_read', `update carrier_read set ok = 0 where position = ${position(part)}`],
      ['carrier_read', `delete from carrier_read where position = ${position(part)}`],
      [
        'defect',
        `insert into defect (position, n, finding, class, score, x1, y1, x2, y2, area_px)
           values (${position('trigger_number = 2')}, 0, 'pair/0', 'scratch', 1, 1, 1, 2, 2, 1)`,
      ],
    ]
    for (const [what, statement] of cases) {
      const dir = place.copy()
      sql(dir, statement)
      const { findings } = await verifyDataDir(dir, { images: false })
      expect(
        findings.map((f) => f.kind),
        statement,
      ).toEqual(['record'])
      expect(findings[0]?.detail, statement).toMatch(new RegExp(`^(the )?${what} .*the stored capture`))
    }
  })

  it('an image that was altered or removed, and lets one that retention deleted be', async () => {
    const images = readdirSync(join(place.dir, 'images'), { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.pgm'))
      .sort()
    const [altered, removed, deleted] = images.map((f) => join(place.dir, 'images', f))
    writeFileSync(altered ?? '', 'P5 1 1 255 x')
    rmSync(removed ?? '')
    const hashOf = (file: string | undefined): string => /([0-9a-f]{64})/.exec(file ?? '')?.[1] ?? ''
    await deleteImages(place.dir, [hashOf(deleted)], 'fail')
    await signNow(place.dir)
    expect(existsSync(deleted ?? '')).toBe(false)
    const report = await verifyDataDir(place.dir)
    expect(report.findings.map((f) => f.kind)).toEqual(['image', 'image'])
    expect(report.findings.every((f) => f.position !== null)).toBe(true)
    expect(report.images.deletedByRetention).toBe(1)
    // Said to be deleted, and the log knows nothing of it.
    sql(
      place.dir,
      `update image set deleted_at = '2026-01-06T00:00:00.000Z' where sha256 = '${hashOf(removed)}'`,
    )
    const forged = await verifyDataDir(place.dir)
    expect(forged.findings.map((f) => f.kind)).toEqual(['image', 'image'])
    expect(forged.images.deletedByRetention).toBe(1)
  })

  it('an altered checkpoint, an altered tile, a column, a stored leaf', async () => {
    const checkpoints = place.copy()
    const file = join(checkpoints, 'log', 'checkpoints.jsonl')
    const size = parseCheckpoint(keptCheckpoints(checkpoints).last()?.note ?? '').size
    writeFileSync(file, readFileSync(file, 'utf8').replace(`\\n${size}\\n`, `\\n${size - 1}\\n`))
    expect(await kinds(checkpoints)).toEqual(['checkpoint'])

    const tiles = place.copy()
    const tile = join(tiles, 'log', tilePath(0, 0, size))
    const bytes = readFileSync(tile)
    bytes.writeUInt8((bytes[70] ?? 0) ^ 1, 70)
    writeFileSync(tile, bytes)
    const report = await verifyDataDir(tiles)
    expect(report.findings).toMatchObject([{ kind: 'tile' }])
    expect(report.findings[0]?.detail).toContain('at event 3')

    const column = place.copy()
    sql(column, "drop trigger event_no_update; update event set subject = 'unit/other' where position = 5")
    expect((await verifyDataDir(column)).findings).toMatchObject([{ kind: 'column', position: 5 }])

    const leaf = place.copy()
    sql(leaf, 'drop trigger event_no_update; update event set leaf_hash = zeroblob(32) where position = 5')
    expect((await verifyDataDir(leaf)).findings).toMatchObject([{ kind: 'tree', position: 5 }])
  })

  it('a gap in the numbers of a source behind the last checkpoint', async () => {
    await capture(place.dir, 61, 70)
    const { signed } = await verifyDataDir(place.dir)
    rewrite(place.dir, (events) => events.filter((e) => e.position !== signed + 3))
    const { findings } = await verifyDataDir(place.dir)
    expect(findings.map((f) => [f.kind, f.position])).toEqual([['sequence', expect.any(Number)]])
    expect(findings[0]?.position).toBeGreaterThan(signed)
  })

  it('a tail cut with all its traces only by a checkpoint kept elsewhere', async () => {
    const elsewhere = readFileSync(join(place.dir, 'log', 'checkpoint'), 'utf8')
    const full = parseCheckpoint(elsewhere).size
    // An old copy of the directory: every file in it was true once.
    const cut = place.copy()
    const first = [...keptCheckpoints(cut).read()][0]
    rmSync(join(cut, 'log', 'tile'), { recursive: true })
    writeFileSync(join(cut, 'log', 'checkpoints.jsonl'), `${JSON.stringify(first)}\n`)
    writeFileSync(join(cut, 'log', 'checkpoint'), first?.note ?? '')
    const kept = parseCheckpoint(first?.note ?? '').size
    rewrite(cut, (events) => events.slice(0, kept))
    expect((await verifyDataDir(cut)).findings.filter((f) => f.kind === 'cut')).toEqual([])
    const { findings } = await verifyDataDir(cut, { checkpoints: [{ from: 'witness', note: elsewhere }] })
    expect(findings.filter((f) => f.kind === 'cut')).toMatchObject([
      { position: kept + 1, detail: `${full} events were signed (witness), ${kept} are there` },
    ])
  })

  it('between which checkpoints something changed when no copy is left', async () => {
    rmSync(join(place.dir, 'log', 'tile'), { recursive: true })
    const [first, second] = [...keptCheckpoints(place.dir).read()].map(
      (k) => parseCheckpoint(k?.note ?? '').size,
    )
    rewrite(place.dir, (events) =>
      events.map((e, i) => (i === (first ?? 0) + 5 ? { ...e, json: e.json.replace('"1.0"', '"1.1"') } : e)),
    )
    const { findings } = await verifyDataDir(place.dir, { images: false })
    expect(findings.find((f) => f.kind === 'diverged')).toMatchObject({ position: (first ?? 0) + 1 })
    expect(findings.find((f) => f.kind === 'diverged')?.detail).toContain(
      `events ${(first ?? 0) + 1} to ${second}`,
    )
  })

  it('nothing, but calls it unproven, without any signature', async () => {
    rmSync(join(place.dir, 'log'), { recursive: true })
    expect(await verifyDataDir(place.dir)).toMatchObject({ state: 'unproven', signed: 0, findings: [] })
  })

  it('a log that was signed again with another key, by the key noted elsewhere', async () => {
    const key = readLogKey(place.dir)
    rmSync(join(place.dir, 'log'), { recursive: true })
    rmSync(join(place.dir, 'keys'), { recursive: true })
    await signNow(place.dir)
    expect((await verifyDataDir(place.dir)).state).toBe('intact')
    const report = await verifyDataDir(place.dir, { keys: key === null ? [] : [key] })
    expect([...new Set(report.findings.map((f) => f.kind))]).toEqual(['checkpoint'])
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

describe('bundle of one part', () => {
  it('verifies without the data, and says of a part how far it is proven', async () => {
    const bundle = await makeBundle(place.dir, 'S2', null)
    const proof = await proofOfPart(place.dir, 'S2')
    expect(proof?.events.every((e) => e.proven)).toBe(true)
    expect(proof?.events.length).toBe(bundle.events.length)
    const key = readLogKey(place.dir)
    expect(verifyBundle(JSON.stringify(bundle), key === null ? [] : [key])).toMatchObject({
      state: 'intact',
      origin: ORIGIN,
      findings: [],
      images: { checked: 1 },
    })
    await capture(place.dir, 61, 61)
    expect((await proofOfPart(place.dir, 'S61'))?.events).toMatchObject([{ proof: null, proven: false }])
  })

  it('misses an image that is gone, and does not call it deleted by retention', async () => {
    const [sha256 = ''] = (await makeBundle(place.dir, 'S2', null)).images.map((i) => i.sha256)
    const name = readdirSync(join(place.dir, 'images'), { recursive: true, encoding: 'utf8' }).find((f) =>
      f.includes(`${sha256}.`),
    )
    const file = join(place.dir, 'images', name ?? '')
    renameSync(file, `${file}.away`)
    try {
      expect(verifyBundle(JSON.stringify(await makeBundle(place.dir, 'S2', null)))).toMatchObject({
        state: 'altered',
        images: { checked: 0, deletedByRetention: 0 },
        findings: [{ kind: 'image', detail: `image ${sha256} is not in the bundle` }],
      })
    } finally {
      renameSync(`${file}.away`, file)
    }
  })

  it('has the event by which an image is gone, and is altered without it', async () => {
    const [image] = (await makeBundle(place.dir, 'S2', null)).images
    const sha256 = image?.sha256 ?? ''
    await deleteImages(place.dir, [sha256])
    await signNow(place.dir)
    const bundle = await makeBundle(place.dir, 'S2', null)
    expect(verifyBundle(JSON.stringify(bundle))).toMatchObject({
      state: 'intact',
      images: { checked: 0, deletedByRetention: 1 },
    })
    const last = bundle.events.at(-1)
    expect(last?.json).toContain('qe.image.deleted.v1')
    const events = bundle.events.slice(0, -1)
    expect(verifyBundle(JSON.stringify({ ...bundle, events, list: null })).findings).toMatchObject([
      { kind: 'image', detail: `image ${sha256} is said to be deleted, and no event in the bundle says so` },
    ])
    // A bundle of before says so itself, and is not called altered for it.
    const old = { ...bundle, format: 'sightline-bundle@1', events, list: null }
    const report = verifyBundle(JSON.stringify(old))
    expect(report.state).toBe('intact')
    expect(report.limits.map((l) => l.en).join()).toContain('make it anew')
  })

  it('misses an image that a row alone calls deleted, and one that came again since it was', async () => {
    const [image] = (await makeBundle(place.dir, 'S2', null)).images
    const sha256 = image?.sha256 ?? ''
    const remove = (): void => {
      const name = readdirSync(join(place.dir, 'images'), { recursive: true, encoding: 'utf8' }).find((f) =>
        f.includes(`${sha256}.`),
      )
      rmSync(join(place.dir, 'images', name ?? ''))
      sql(place.dir, `update image set deleted_at = '2026-01-06T00:00:00.000Z' where sha256 = '${sha256}'`)
    }
    remove()
    const missed = [{ kind: 'image', detail: `image ${sha256} is not in the bundle` }]
    expect(verifyBundle(JSON.stringify(await makeBundle(place.dir, 'S2', null))).findings).toMatchObject(
      missed,
    )
    const again = place.copy()
    await deleteImages(again, [sha256])
    const store = await openPartStore({ dataDir: again, synchronous: 'normal', spoolAfterMs: 20_000 })
    const r = request(
      99,
      { ...passVerdict(), codes: [gs1Code('S2', 'L1')] },
      { image: Uint8Array.of(1, 2, 3, 4, 2, 6, 7, 0) },
    )
    await store.capture(r)
    await store.close()
    await signNow(again)
    expect((await verifyDataDir(again)).findings).toEqual([])
    place.dir = again
    remove()
    expect((await verifyDataDir(again)).findings).toMatchObject([{ kind: 'image' }])
    expect(verifyBundle(JSON.stringify(await makeBundle(again, 'S2', null))).findings[0]).toMatchObject(
      missed[0] ?? {},
    )
  })

  it('names what was altered in it', async () => {
    const bundle = await makeBundle(place.dir, 'S2', null)
    const first = bundle.events[0]
    if (first === undefined) throw new Error('no event')
    const told = (change: Partial<typeof bundle>) =>
      verifyBundle(JSON.stringify({ ...bundle, ...change })).findings.map((f) => [f.kind, f.position])
    const rest = bundle.events.slice(1)
    expect(told({ events: [{ ...first, json: first.json.replace('pass', 'fail') }, ...rest] })).toEqual([
      ['changed', first.position],
    ])
    expect(told({ events: rest })).toEqual([['dropped', first.position]])
    expect(told({ events: [...bundle.events, { ...first, position: 1 }] })).toEqual([['inserted', 1]])
    expect(told({ events: [{ ...first, proof: (first.proof ?? []).slice(1) }, ...rest] })).toEqual([
      ['bundle', first.position],
    ])
    expect(told({ images: bundle.images.map((i) => ({ ...i, data: 'AAAA' })) })).toEqual([['image', null]])
    expect(told({ serial: 'S3' })).toEqual([['bundle', null]])
    expect(told({ checkpoint: bundle.checkpoint?.replace(/^(.)/, 'x') ?? '' })).toEqual([
      ['checkpoint', null],
    ])
    // Without the list the proofs still find what was altered, not what was left out.
    expect(told({ list: null, events: [{ ...first, json: first.json.replace('pass', 'fail') }] })).toEqual([
      ['changed', first.position],
    ])
    expect(told({ list: null, events: rest })).toEqual([])
    const other =
      (text: string): (() => unknown) =>
      () =>
        verifyBundle(text)
    const no =
      'TRC_BUNDLE: the evidence bundle cannot be made or read; expected an evidence bundle (sightline-bundle@2, or @1); found '
    expect(other('{}')).toThrow(`${no}format: Invalid option`)
    expect(other('not JSON')).toThrow(`${no}Unexpected token`)
    expect(other(JSON.stringify({ ...bundle, events: [{}] }))).toThrow(
      `${no}events.0.position: Invalid input`,
    )
  })
})
