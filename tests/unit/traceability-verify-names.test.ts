import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  keptCheckpoints,
  parseCheckpoint,
  readLogKey,
  tilePath,
  verifyDataDir,
} from '../../traceability/index.ts'
import { NOTE_TYPE, noteSigner } from '../../traceability/log/index.ts'
import { capture, deleteImages, ORIGIN, rewrite, signNow, sql } from './samples/signed-log.ts'
import { findingKinds, signedPlace } from './samples/signed-place.ts'

const place = signedPlace()

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
    expect(await findingKinds(checkpoints)).toEqual(['checkpoint'])

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
    expect(report.findings[0]?.detail).not.toContain('another log')
  })

  it('a key that is of another log, with the log that the checkpoints are of', async () => {
    const { key } = noteSigner(
      'other.example/b',
      NOTE_TYPE.ed25519,
      generateKeyPairSync('ed25519').privateKey,
    )
    const { findings } = await verifyDataDir(place.dir, { keys: [key] })
    expect(findings[0]?.detail).toContain(`it is of the log ${ORIGIN}, and the key is that of another log`)
  })
})
