import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeys, importModel } from '../../models/index.ts'
import { refuseContradictions } from '../../models/import/export-metadata.ts'
import {
  SIDE,
  classesLike,
  importForeign,
  requestOf,
  rowsLike,
  withMetadata,
  writeExport,
} from './samples/foreign-export.ts'
import type { Given } from './samples/foreign-export.ts'

let root = ''
let privateKeyPem = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-detectors-'))
  privateKeyPem = generateKeys().privateKeyPem
})
afterAll(() => rm(root, { recursive: true, force: true }))

const bring = (given: Given) => importForeign(root, privateKeyPem, given)

describe('a detector', () => {
  const finding = { class: 'dent', score: 0.9, box: [0, 0, 8, 8] }
  const given: Given = {
    model: rowsLike([[0, 0, 8, 8, 0.9, 0]]),
    args: { family: 'yolo-rows', labels: ['dent', 'stain', 'hole'], threshold: 0.5 },
    shown: [{ level: 64, findings: [finding] }],
  }

  it.each([
    ['a score', { ...finding, score: 0.8 }, /the scores of toy 1\.0; found others, by up to 0\.100/],
    ['a place', { ...finding, box: [1.5, 0, 8, 8] }, /the boxes of toy 1\.0; found others, by up to 1\.5 px/],
  ])('is refused for %s that its library does not give, whatever the verdict', async (_, other, message) => {
    await expect(bring({ ...given, shown: [{ level: 64, findings: [other] }] })).rejects.toThrow(message)
  })

  // what ultralytics 8.4.190 declares of a YOLO26 with nms=False and dynamic=True, whose first run gives [1, 300, 6]
  it('whose declared sizes are open is told its family by its first run', async () => {
    const model = rowsLike([[0, 0, 8, 8, 0.9, 0]], ['Concatoutput0_dim_1', 'anchors'])
    await bring({ ...given, model })
    await expect(bring({ ...given, model, args: { ...given.args, family: 'yolo-detect' } })).rejects.toThrow(
      /MDL_PACKAGE.*\(family\); expected yolo-rows or rtdetr, for an output \[1, 1, 6\] of 3 labels; found yolo-detect/,
    )
  })

  // channels B for R of a network with batch normalisation: 0.027 on the library's own pixels, every verdict kept
  it('is refused where its scores are 0.027 off, and what is less is told', async () => {
    const off = (by: number) =>
      bring({ ...given, shown: [{ level: 64, findings: [{ ...finding, score: 0.9 - by }] }] })
    await expect(off(0.027)).rejects.toThrow(
      /MDL_GOLDEN.*the scores of toy 1\.0; found others, by up to 0\.027, .*order/,
    )
    expect((await off(0.019)).scoresOff).toBeCloseTo(0.019, 6)
    expect((await off(0)).scoresOff).toBeLessThan(1e-6)
  })

  it('before its quantisation is held to the same scores', async () => {
    const dir = await writeExport(join(root, 'int8'), given.model, given.args, given.shown)
    const fp32File = join(dir, 'fp32.onnx')
    const brought = async (score: number, outDir: string) => {
      await writeFile(fp32File, rowsLike([[0, 0, 8, 8, score, 0]]))
      return importModel({ ...requestOf(dir, privateKeyPem), fp32File, outDir: join(dir, outDir) })
    }
    await expect(brought(0.873, 'wrong')).rejects.toThrow(/MDL_GOLDEN.*by up to 0\.027/)
    expect((await brought(0.89, 'right')).scoresOff).toBeCloseTo(0.01, 6)
  })

  it('is refused where findings of the library are missing, though fewer than half', async () => {
    const second = { class: 'stain', score: 0.9, box: [0, 0, 4, 4] }
    const shown = [
      { level: 64, findings: [finding] },
      { level: 65, findings: [finding, second] },
    ]
    const model = rowsLike([[0, 0, 8, 8, 0.9, 0], [0, 0, 4, 4, 0.1, 1]]) // prettier-ignore
    await expect(bring({ ...given, model, shown })).rejects.toThrow(
      /MDL_GOLDEN.*1 of 3 are missing, on the pixels of the library/,
    )
  })

  // ultralytics 8.4.14, YOLO26: the graph gives 300 rows, and predict(max_det=3000) more findings than that
  it('is refused where the reference has more findings in an image than the graph has rows', async () => {
    const many = Array.from({ length: 5 }, () => finding)
    await expect(bring({ ...given, shown: [{ level: 64, findings: many }] })).rejects.toThrow(
      /MDL_PACKAGE.*0\.png.*at most 1 findings: the graph gives 1 rows; found 5 .*max_det=1;/,
    )
  })

  it('is refused where it is shown other pixels than by its library', async () => {
    const shown = [{ level: 64, inputShift: 3, findings: [finding] }]
    await expect(bring({ ...given, shown })).rejects.toThrow(/MDL_GOLDEN.*by 3\.0 grey levels in the mean/)
  })

  it('is told apart where no image had another size than the model', async () => {
    expect((await bring(given)).resized).toBe(false)
    const shown = [{ level: 64, side: 2 * SIDE, findings: [{ ...finding, box: [0, 0, 16, 16] }] }]
    expect((await bring({ ...given, shown })).resized).toBe(true)
  })

  // stain and hole may be swapped: nothing of theirs is compared
  it('has the classes named that no reference image shows, and a classifier, whose scores are compared, has none', async () => {
    expect((await bring(given)).unseen).toEqual(['stain', 'hole'])
    const probabilities = { dent: 0.9, stain: 0.06, hole: 0.04 }
    const classifier = await bring({
      model: classesLike(Object.values(probabilities)),
      args: { family: 'yolo-classify', labels: given.args['labels'], threshold: 0.5 },
      shown: [{ level: 64, findings: [finding], scores: probabilities }],
    })
    expect(classifier.unseen).toEqual([])
  })

  it('is refused with the way out where its library showed it a narrower image', async () => {
    const dir = await writeExport(join(root, 'narrow'), given.model, given.args, given.shown)
    await writeFile(join(dir, '0.bin'), new Uint8Array(SIDE * (SIDE - 2) * 3))
    await expect(importModel(requestOf(dir, privateKeyPem))).rejects.toThrow(
      /MDL_PACKAGE.*8 × 8 px RGB, 192 bytes.*found 144 bytes; .*rect=False/,
    )
  })

  it('is refused where the reference has nothing to compare', async () => {
    const model = rowsLike([[0, 0, 8, 8, 0.1, 0]])
    await expect(bring({ ...given, model, shown: [{ level: 64, findings: [] }] })).rejects.toThrow(
      /MDL_GOLDEN.*findings or scores of toy 1\.0 to compare; found none in 1 images/,
    )
  })

  const noted = (notes: Record<string, string>, args: Record<string, unknown> = {}): Given => ({
    ...given,
    model: withMetadata(given.model, notes),
    args: { ...given.args, ...args },
  })

  it('keeps the order of the classes that the export names, also of those no image shows', async () => {
    await bring(noted({ task: 'detect', names: "{0: 'dent', 1: 'stain', 2: 'hole'}" }))
    for (const names of [`{0: 'dent', 1: "hole", 2: 'stain'}`, "['dent', 'hole', 'stain']", "{0: 'dent'}"])
      await expect(bring(noted({ names }))).rejects.toThrow(/MDL_PACKAGE.*\(labels\); expected the classes/)
    // other names are a translation
    await bring(noted({ names: `{0: 'dent', 1: "operator's mark", 2: 'Loch'}` }))
    await bring(noted({ names: 'whatever' }))
  })

  it('is held to names as Python writes them, and as JSON does', async () => {
    const labels = ['dent', "operator's\u3000mark", '划\u00a0\\痕😀']
    const python = String.raw`{0: 'dent', 1: "operator's\u3000mark", 2: '划\xa0\\痕\U0001f600'}`
    for (const names of [python, JSON.stringify({ ...labels }), JSON.stringify(labels)]) {
      await bring(noted({ names }, { labels }))
      await expect(bring(noted({ names }, { labels: labels.toReversed() }))).rejects.toThrow(
        /MDL_PACKAGE.*\(labels\); expected the classes/,
      )
    }
  })

  it('reads names that are made to take long in the time of their length', () => {
    // one that looks back from each of these digits would look 10^12 times, one that takes the letters at once fills its stack
    const texts = ['1'.repeat(1e6), `{${' '.repeat(1e6)}`, `{1${' '.repeat(1e6)}`, `{'${'a'.repeat(5e7)}'}`]
    for (const text of texts)
      refuseContradictions(new Map([['names', text]]), { family: 'yolo-rows', labels: ['a'] })
  })

  it.each([
    ['obb', 'yolo-detect'],
    ['classify', 'yolo-detect'],
    ['segment', 'yolo-detect'],
  ])('of the task %s is not read as %s', async (task, family) => {
    await expect(bring(noted({ task }, { family }))).rejects.toThrow(
      new RegExp(`MDL_PACKAGE.*\\(family\\).*an export made for ${task}`),
    )
  })

  it('has each label once', async () => {
    await expect(bring(noted({}, { labels: ['dent', 'dent', 'hole'] }))).rejects.toThrow(
      /MDL_PACKAGE.*each label once/,
    )
  })
})
