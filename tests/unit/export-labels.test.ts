import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { confirmedLabel, inFrame } from '../../bin/teach/confirmed-labels.ts'
import { exportLabels } from '../../bin/teach/export-labels.ts'
import { labelledRegions } from '../../bin/teach/labelled-regions.ts'
import { type Box, type Registration, type Verdict, type VerdictReviewed } from '../../contracts/index.ts'
import { openDataset } from '../../datasets/index.ts'
import { intoPartFrame, PartImage } from '../../inspection/index.ts'
import { type ConfirmedPart, openTraceQuery, type TraceQuery } from '../../traceability/query/index.ts'
import { openPartStore, type TraceStore } from '../../traceability/index.ts'
import { plate } from './samples/teach-parts.ts'
import { at, failVerdict, gs1Code, passVerdict, request, reviewed } from './samples/traceability-requests.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-labels-'))
const data = join(dir, 'data')
const turn: Registration = { dxPx: 2, dyPx: 3, angleRad: Math.PI / 2, score: 0.9 }
/** Of the blot of a plate: 14 px around (88, 40). */
const BLOT: Box = [81, 33, 95, 47]
let store: TraceStore
let query: TraceQuery
/** `serial` → inspection. */
const ids = new Map<string, string>()

async function judged(n: number, verdict: Verdict, spot = false): Promise<string> {
  const { data: rgb, widthPx, heightPx } = await plate(n, { spot }).load()
  const raw = { width: widthPx, height: heightPx, channels: 3 as const }
  const base = request(n, { ...verdict, codes: [gs1Code(`P${n}`)] })
  const ack = await store.capture({
    ...base,
    meta: base.meta && { ...base.meta, format: { kind: 'encoded', mime: 'image/png' } },
    image: await sharp(rgb, { raw }).png().toBuffer(),
    outcome: { ...base.outcome, widthPx, heightPx },
  })
  ids.set(`P${n}`, ack.inspectionId)
  return ack.inspectionId
}
async function said(inspectionId: string, over: Partial<VerdictReviewed>): Promise<string> {
  const event = reviewed(inspectionId, over)
  await store.emit(event)
  return event.id
}
const blotted = (): Verdict => {
  const verdict = failVerdict()
  const [first] = verdict.findings
  return failVerdict({ findings: first ? [{ ...first, class: 'blot', box: BLOT }] : [] })
}
const listed = async (parts: AsyncIterable<ConfirmedPart>): Promise<ConfirmedPart[]> => {
  const all: ConfirmedPart[] = []
  for await (const part of parts) all.push(part)
  return all
}
const cli = (...args: string[]) =>
  spawnSync(process.execPath, ['dist/bin/cli.js', ...args], {
    encoding: 'utf8',
    env: { ...process.env, SIGHTLINE_DATA_DIR: join(dir, 'home'), SIGHTLINE_SIGNING_KEY: '' },
  })

beforeAll(async () => {
  store = await openPartStore({ dataDir: data, spoolAfterMs: 20_000 })
  for (let n = 1; n <= 6; n++) await said(await judged(n, blotted(), true), {})
  for (let n = 11; n <= 16; n++) await said(await judged(n, passVerdict()), { after: 'pass' })
  // A false call, an escape with a class and no place, one without either, one taken back, and one nobody reviewed.
  await said(await judged(21, blotted()), { after: 'pass' })
  await said(await judged(22, passVerdict(), true), { labels: [{ classCode: 'crack' }] })
  await said(await judged(23, passVerdict(), true), {})
  const undone = await judged(24, blotted(), true)
  await said(undone, { retracts: await said(undone, {}) })
  await judged(25, blotted(), true)
  query = openTraceQuery(data)
}, 60_000)
afterAll(async () => {
  query.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('what a person confirmed', () => {
  const size = { widthPx: 64, heightPx: 64 }
  const part = (
    labels: VerdictReviewed['labels'],
    defects: { class: string; box: Box; score: number }[],
    registration: Registration | null = null,
  ): ConfirmedPart => ({
    row: { defects, registration, image: { sha256: '', ...size } } as unknown as ConfirmedPart['row'],
    review: { event: '', at: '', reviewer: 'li', after: 'fail', reason: '', labels },
  })
  const scratch = { class: 'scratch', box: [10, 20, 30, 44] as Box, score: 0.5 }
  const dust = { class: 'dust', box: [1, 1, 3, 3] as Box, score: 0.9 }

  it('is what the line marked, where the part was found bad without a further word', () => {
    expect(confirmedLabel(part([], [scratch, dust]))).toMatchObject({
      class: 'dust',
      boxes: [
        { class: 'scratch', box: [10, 20, 30, 44] },
        { class: 'dust', box: [1, 1, 3, 3] },
      ],
    })
    expect(confirmedLabel(part([], []))).toEqual({ class: undefined, boxes: null })
  })

  it('is the class that a person named, and a place where only one can be meant', () => {
    const crack = [{ classCode: 'crack' }]
    expect(confirmedLabel(part(crack, [scratch]))).toMatchObject({
      class: 'crack',
      boxes: [{ class: 'crack', box: [10, 20, 30, 44] }],
    })
    expect(confirmedLabel(part(crack, [scratch, dust]))).toEqual({ class: 'crack', boxes: null })
    expect(confirmedLabel(part(crack, []))).toEqual({ class: 'crack', boxes: null })
    const drawn = { classCode: 'crack', bbox: [5, 5, 9, 90] as [number, number, number, number] }
    expect(confirmedLabel(part([drawn], [scratch])).boxes).toEqual([{ class: 'crack', box: [5, 5, 9, 64] }])
    expect(confirmedLabel(part([drawn, ...crack], [scratch])).boxes).toBeNull()
  })

  it('lies in the frame where the line saw it in the part', () => {
    // By hand: a quarter turn about (32, 32) takes (x, y) to (64 - y, x), and then 2 right and 3 down.
    const [x1, y1, x2, y2] = inFrame(scratch.box, turn, size)
    const rounded = [x1, y1, x2, y2].map((v) => Math.round(v * 1e6) / 1e6)
    expect(rounded).toEqual([22, 13, 46, 33])
    // And by the pixels: the pipeline takes that box back to where it was.
    const frame = new Uint8Array(64 * 64)
    for (let y = 13; y < 33; y++) frame.fill(255, y * 64 + 22, y * 64 + 46)
    const seen = intoPartFrame(new PartImage({ data: frame, ...size, channels: 1 }), turn).pixels
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 64; x++) {
        const inside = x > 10 && x < 29 && y > 20 && y < 43
        const outside = x < 9 || x > 30 || y < 19 || y > 44
        if (inside || outside) expect(seen.data[y * 64 + x], `${x}, ${y}`).toBe(inside ? 255 : 0)
      }
    // A mark of which nothing is on the frame has no place.
    const off = { ...turn, dxPx: 100 }
    expect(confirmedLabel(part([], [scratch], off)).boxes).toBeNull()
  })
})

describe('export of labels', () => {
  it('writes one data set of two layouts, and says what is not in it', async () => {
    const out = join(dir, 'labels')
    const run = cli('export', out, '--what', 'labels', '--data', data)
    expect(run).toMatchObject({ status: 0 })
    expect(run.stdout).toMatch(/blot +6 +6/)
    expect(run.stdout).toMatch(/good +7 +0/)
    expect(run.stdout).toMatch(/crack +1 +0/)
    expect(run.stderr).toMatch(/1 parts: nothing says where.*\n1 parts: found bad, and nothing says what/)

    const boxed = await openDataset(out)
    expect(boxed).toMatchObject({ format: 'coco', classes: ['blot'] })
    expect(boxed.items).toHaveLength(13)
    const first = boxed.items.find((i) => i.image.includes(ids.get('P1') ?? '-'))
    expect(first?.boxes).toMatchObject([{ class: 'blot', box: BLOT }])
    const over = boxed.items.find((i) => i.image.includes(ids.get('P21') ?? '-'))
    expect(over).toMatchObject({ boxes: [] })
    // The one without a place is no good part: it is not among those with boxes.
    expect(boxed.items.some((i) => i.image.includes(ids.get('P22') ?? '-'))).toBe(false)
    expect(boxed.leftOut.map((f) => f.code)).toEqual(['DAT_LEFT_OUT'])

    const sorted = await openDataset(out, { format: 'folder-per-class' })
    expect(sorted.classes).toEqual(['blot', 'crack', 'good'])
    expect(sorted.items.filter((i) => i.defective === true)).toHaveLength(7)
    const shown = await sharp(first?.image).raw().toBuffer()
    expect(shown.equals(Buffer.from((await plate(1, { spot: true }).load()).data))).toBe(true)

    const { images } = JSON.parse(readFileSync(join(out, 'provenance.json'), 'utf8')) as {
      images: Record<string, unknown>[]
    }
    expect(images).toHaveLength(14)
    expect(images[0]).toMatchObject({ serial: 'P1', found: 'fail', reviewer: 'li', reviewedAt: at(900) })

    // What is there is never written over.
    const again = cli('export', out, '--what', 'labels', '--data', data)
    expect(again.stderr).toMatch(/CFG_USAGE.*empty, or not there yet/)
    expect(again.status).not.toBe(0)

    const classes = ['--dataset', 'folder-per-class', '--id', 'plate-class', '--side', '64']
    rmSync(join(out, 'crack'), { recursive: true })
    expect(cli('teach-classes', out, ...classes)).toMatchObject({ status: 0 })
    // What `teach-boxes` and `teach-segments` would be taught; doing so is tested elsewhere, and takes minutes.
    const { images: marked, count } = labelledRegions(await openDataset(out))
    const regions = []
    for await (const image of marked) regions.push(...image.regions)
    expect([count, regions.length]).toEqual([13, 6])
    expect(regions[0]).toMatchObject({ class: 'blot' })
  }, 300_000)

  it('leaves nothing behind when there is nothing to write', async () => {
    const out = join(dir, 'none')
    const run = cli('export', out, '--what', 'labels', '--data', data, '--to', '2020-01-01')
    expect(run.stderr).toMatch(/TCH_LABELS.*good or bad/)
    expect([existsSync(out), existsSync(`${out}.part`)]).toEqual([false, false])
    for (const more of [['--format', 'csv'], ['--bom'], ['--plant']])
      expect(cli('export', out, '--what', 'labels', '--data', data, ...more).stderr).toMatch(/CFG_USAGE/)
  }, 120_000)

  it('refuses a defect that is called good, and keeps names apart', async () => {
    async function* named(classCode: string): AsyncGenerator<ConfirmedPart> {
      for await (const { row, review } of query.confirmedParts({}))
        if (row.serial === 'P1') yield { row, review: { ...review, labels: [{ classCode }] } }
    }
    const out = (name: string) => join(dir, `named-${name}`)
    const path = (sha256: string) => query.path(sha256)
    await expect(exportLabels(out('ok'), named('OK'), path)).rejects.toMatchObject({ code: 'TCH_LABELS' })
    mkdirSync(out('train'))
    await exportLabels(out('train'), named('train'), path)
    expect(existsSync(join(out('train'), '%train', `${ids.get('P1')}.png`))).toBe(true)
    await exportLabels(out('up'), named('../up'), path)
    expect((await openDataset(out('up'))).classes).toEqual(['../up'])
    expect(existsSync(join(dir, 'up'))).toBe(false)
  })

  it('takes every part, however many are read at once, with all its marks', async () => {
    const verdict = failVerdict()
    const [first] = verdict.findings
    // More than the 50 that lists show of a part.
    const findings = Array.from({ length: 60 }, (_, n) => ({
      ...first,
      id: `pair/${n}`,
      class: 'pore',
      box: [n, n, n + 2, n + 2] as Box,
    })) as Verdict['findings']
    await said(await judged(31, failVerdict({ findings, defects: findings.map((f) => f.id) }), true), {})
    const all = await listed(query.confirmedParts({}))
    expect(all).toHaveLength(16)
    expect(await listed(query.confirmedParts({ page: 3 }))).toEqual(all)
    const part = all.find((p) => p.row.serial === 'P31')
    expect(part && confirmedLabel(part).boxes).toHaveLength(60)
  })

  const path = (sha256: string) => query.path(sha256)
  async function* only(serial: string): AsyncGenerator<ConfirmedPart> {
    for await (const part of query.confirmedParts({})) if (part.row.serial === serial) yield part
  }

  it('takes the place of nothing that was there', async () => {
    const [file, out] = [join(dir, 'notes'), join(dir, 'mine')]
    writeFileSync(file, 'mine')
    await expect(exportLabels(file, only('P1'), path)).rejects.toMatchObject({ code: 'CFG_USAGE' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    // Nor is what lies where the export is written first.
    mkdirSync(`${out}.part`)
    writeFileSync(join(`${out}.part`, 'thesis'), 'mine')
    await expect(exportLabels(out, only('P1'), path)).rejects.toThrow(/CFG_USAGE.*mine\.part/)
    expect(readFileSync(join(`${out}.part`, 'thesis'), 'utf8')).toBe('mine')
    expect(existsSync(out)).toBe(false)
  })

  it('refuses an image that was altered or lost', async () => {
    const [{ row }] = (await listed(only('P1'))) as [ConfirmedPart]
    const image = (await path(row.image?.sha256 ?? '')) ?? ''
    const stored = readFileSync(image)
    const out = join(dir, 'altered')
    writeFileSync(image, Buffer.concat([stored, Buffer.of(0)]))
    await expect(exportLabels(out, only('P1'), path)).rejects.toMatchObject({ code: 'TRC_IMAGE' })
    rmSync(image)
    await expect(exportLabels(out, only('P1'), path)).rejects.toMatchObject({ code: 'TRC_IMAGE' })
    expect([existsSync(out), existsSync(`${out}.part`)]).toEqual([false, false])
  })
})
