import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeys, importModel, loadModel } from '../../models/index.ts'
import type { ImportRequest } from '../../models/index.ts'
import {
  SIDE,
  anomalibLike,
  classesLike,
  requestOf,
  rowsLike,
  writeExport,
} from './samples/foreign-export.ts'
import type { Shown } from './samples/foreign-export.ts'

let root = ''
let keys: ReturnType<typeof generateKeys>
let count = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-import-test-'))
  keys = generateKeys()
})
afterAll(() => rm(root, { recursive: true, force: true }))

interface Given {
  model: Uint8Array
  args: Record<string, unknown>
  shown: readonly Shown[]
  over?: Partial<ImportRequest>
}

async function bring({ model, args, shown, over = {} }: Given) {
  const dir = await writeExport(join(root, `case-${count++}`), model, args, shown)
  return importModel({
    ...requestOf(dir, keys.privateKeyPem),
    ...over,
  })
}

const load = (dir: string) =>
  loadModel(dir, { providers: ['cpu'], trustedKeys: { test: keys.publicKey }, intraOpThreads: 1 })

// level 204 = 0.8: (0.8 - 0.5) / 0.25 + 0.5 = 1.7 before the clamp; 64 = 0.251: -0.496
const bad: Shown = {
  level: 204,
  findings: [{ class: 'anomaly', score: 1, box: [3, 3, 5, 5] }],
  scores: { score: 1, unclamped: 1.7 },
}
const good: Shown = { level: 64, findings: [], scores: { score: 0 } }
const anomaly: Given = {
  model: anomalibLike(),
  args: { family: 'anomalib', threshold: 0.5, imageThreshold: 0.5 },
  shown: [bad, good],
}

describe('models of other libraries', () => {
  // anomalib 2.7.0, Reverse Distillation: the threshold is the score of a validation image, 0.5 there and 0.50003 here
  it('takes an image that lies at the threshold of anomalib for no flip, and one beside it for one', async () => {
    // level 128: (128 / 255 - 0.5) / 0.25 + 0.5 = 0.507843137
    const at = (imageThreshold: number, score: number): Given => ({
      ...anomaly,
      args: { family: 'anomalib', threshold: 0.6, imageThreshold },
      shown: [bad, good, { level: 128, findings: [], scores: { score } }],
    })
    const { parity } = await bring(at(0.5078, 0.5078))
    expect(parity.map((p) => p.verdict)).toEqual(['fail', 'pass', 'pass'])
    for (const [imageThreshold, score] of [
      [0.5061, 0.5061],
      [0.5078, 0.5061],
    ] as const)
      await expect(bring(at(imageThreshold, score))).rejects.toThrow(
        /MDL_GOLDEN.*2\.png.*the verdicts of toy 1\.0: pass; found fail/,
      )
  })

  it('says of the model of a package that it needs no import', async () => {
    const { packed } = await bring(anomaly)
    await expect(bring({ ...anomaly, over: { onnxFile: join(packed.dir, 'model.onnx') } })).rejects.toThrow(
      /MDL_PACKAGE.*expected a model as its library exports it; found that of a package, whose input is sightline_image already/,
    )
  })

  it('takes the score before the clamp to 0..1 and keeps the clamped one beside it', async () => {
    const { parity, verdicts, packed } = await bring(anomaly)
    expect(verdicts).toEqual({ fail: 1, pass: 1 })
    for (const p of parity) {
      expect(p.own).toMatchObject({ unmatched: 0, boxMaxPx: 0 })
      expect(p.own.scoresMax).toBeLessThan(1e-6)
      // scaled inside the graph: the pixels are the image's own
      expect(p.pixelsMax).toBe(0)
    }
    const runner = await load(packed.dir)
    expect(runner.card).toMatchObject({ spec: { decidedBy: 'score' }, threshold: { value: 0.5 } })
    const options = { threshold: 0.5, thresholds: {}, maxFindings: 10 }
    const grey = (widthPx: number, heightPx: number, level: number) => ({
      image: {
        data: new Uint8Array(widthPx * heightPx * 3).fill(level),
        widthPx,
        heightPx,
        channels: 3 as const,
      },
    })
    const { scores, findings } = await runner.run(grey(20, 12, 255), options)
    // (1 - 0.5) / 0.25 + 0.5
    expect(scores['score']).toBeCloseTo(2.5, 5)
    expect(scores['normalised']).toBe(1)
    expect(findings[0]?.score).toBeCloseTo(2.5, 5)
    expect(findings[0]?.box).toEqual([0, 0, 20, 12])
    await runner.close()
  })

  it('does the same with float16 inputs and outputs, and with an older operator set', async () => {
    for (const model of [anomalibLike({ type: 'float16' }), anomalibLike({ opset: 17 })]) {
      const { parity } = await bring({ ...anomaly, model })
      expect(parity.map((p) => p.own.unmatched)).toEqual([0, 0])
      // float16 has 11 bits
      expect(Math.max(...parity.map((p) => p.own.scoresMax))).toBeLessThan(2e-3)
    }
  })

  it('refuses a verdict that flips, naming the image', async () => {
    const shown = [bad, { ...good, scores: { score: 0.9 } }]
    await expect(bring({ ...anomaly, shown })).rejects.toThrow(
      /MDL_GOLDEN.*1\.png.*the verdicts of toy 1\.0: fail; found pass/,
    )
  })

  it('refuses a reference without the scores that decide, and pixels of another size', async () => {
    const shown = [bad, { ...good, scores: {} }]
    await expect(bring({ ...anomaly, shown })).rejects.toThrow(/MDL_PACKAGE.*items\.scores.*expected score/)
    const args = { ...anomaly.args, size: [SIDE, SIDE * 2] }
    await expect(bring({ ...anomaly, args })).rejects.toThrow(/MDL_PACKAGE.*8 × 16 px RGB, 384 bytes/)
  })

  it('compares a quantised model with the one it was made of', async () => {
    const full = join(root, 'full.onnx')
    await writeFile(full, anomalibLike())
    const { quantised } = await bring({ ...anomaly, over: { fp32File: full } })
    expect(quantised).toMatchObject({ flips: [], findings: 1, unmatched: 0, scoreMax: 0 })
    expect(quantised?.cpuRatio).toBeGreaterThan(0)
    // a negative range turns both verdicts round
    await writeFile(full, anomalibLike({ range: -0.25 }))
    await expect(bring({ ...anomaly, over: { fp32File: full } })).rejects.toThrow(
      /MDL_GOLDEN.*0\.png, 1\.png.*before quantisation: pass, fail; found fail, pass/,
    )
  })

  it('takes a grey model and shows it what Pillow makes of a coloured image', async () => {
    const scores = { good: 0.75, bad: 0.25 }
    const findings = [{ class: 'good', score: 0.75, box: [0, 0, SIDE, SIDE] }]
    const args = {
      family: 'torchvision-classify',
      labels: ['good', 'bad'],
      threshold: 0.5,
      activation: 'none',
    }
    const dir = await writeExport(join(root, 'grey'), classesLike([0.75, 0.25], 1), args, [
      { level: 64, findings, scores },
    ])
    await expect(importModel(requestOf(dir, keys.privateKeyPem))).rejects.toThrow(
      /MDL_PACKAGE.*0\.png.*in 1 channels, as the model takes it; found 3/,
    )
    const colour = { width: SIDE, height: SIDE, channels: 3 as const, background: '#c86432' }
    await sharp({ create: colour }).png().toFile(join(dir, '0.png'))
    // Image.new('RGB', (1, 1), (200, 100, 50)).convert('L').getpixel((0, 0))
    await writeFile(join(dir, '0.bin'), new Uint8Array(SIDE * SIDE).fill(124))
    const { parity, packed } = await importModel(requestOf(dir, keys.privateKeyPem))
    expect(parity[0]).toMatchObject({ pixelsMax: 0, own: { unmatched: 0 } })
    const runner = await load(packed.dir)
    expect(runner.card.inputs[0]).toMatchObject({ channels: 1 })
    await runner.close()
  })

  it('says whether the takt is kept', async () => {
    expect((await bring({ ...anomaly, over: { taktMs: 1e6 } })).withinTakt).toBe(true)
    expect((await bring({ ...anomaly, over: { taktMs: 1e-6 } })).withinTakt).toBe(false)
  })
})

describe('RT-DETR', () => {
  // Boxes as fractions of the 8 px: 0..4 and 4..8.
  const places = [
    [0.25, 0.25, 0.5, 0.5],
    [0.75, 0.75, 0.5, 0.5],
  ] as const
  const shown = (first: string, second: string): Shown[] => [
    {
      level: 64,
      findings: [
        { class: first, score: 0.9, box: [0, 0, 4, 4] },
        { class: second, score: 0.8, box: [4, 4, 8, 8] },
      ],
    },
  ]
  const given = (tails: number[][], labels: string[], classes?: 'scores'): Given => ({
    model: rowsLike(places.map((place, n) => [...place, ...(tails[n] ?? [])])),
    args: { family: 'rtdetr', labels, threshold: 0.5, ...(classes && { classes }) },
    shown: shown('dent', 'stain'),
  })

  it('is read with a score per class, or with score and index, by the length of its rows', async () => {
    const three = ['hole', 'dent', 'stain']
    const scores = given([[0.1, 0.9, 0.2], [0.1, 0.2, 0.8]], three) // prettier-ignore
    expect((await bring(scores)).parity[0]?.given).toMatchObject({ findings: 2, unmatched: 0 })
    const index = given([[0.9, 1], [0.8, 2]], three) // prettier-ignore
    expect((await bring(index)).parity[0]?.given).toMatchObject({ findings: 2, unmatched: 0 })
  })

  it('of two classes is read as it is said to be, and refused where that is wrong', async () => {
    const tails = [[0.9, 0.2], [0.1, 0.8]] // prettier-ignore
    const two = ['dent', 'stain']
    await expect(bring(given(tails, two))).rejects.toThrow(/MDL_OUTPUT.*a label from 0 to 1/)
    const { parity, packed } = await bring(given(tails, two, 'scores'))
    expect(parity[0]?.given).toMatchObject({ findings: 2, unmatched: 0 })
    const runner = await load(packed.dir)
    expect(runner.card.spec).toMatchObject({ family: 'detection-rows', classes: 'scores' })
    await runner.close()
  })
})

describe('the head of YOLOv5', () => {
  // corners of the finding from centre and size in px; a class scores 0.5 * 0.8 of a threshold of 0.3
  const given = (family: string): Given => ({
    model: rowsLike([
      [2, 2, 4, 4, 0.5, 0.8, 0.1],
      [6, 6, 4, 4, 0.75, 0.1, 0.8],
      [4, 4, 2, 2, 0.25, 0.9, 0.9],
    ]),
    args: { family, labels: ['dent', 'stain'], threshold: 0.3 },
    shown: [
      {
        level: 64,
        findings: [
          { class: 'dent', score: 0.4, box: [0, 0, 4, 4] },
          { class: 'stain', score: 0.6, box: [4, 4, 8, 8] },
        ],
      },
    ],
  })

  it('is read as objectness times class', async () => {
    const { parity } = await bring(given('yolo-objectness'))
    expect(parity[0]?.given).toMatchObject({ findings: 2, unmatched: 0, boxMaxPx: 0 })
  })

  it('is told from that of later versions', async () => {
    await expect(bring(given('yolo-detect'))).rejects.toThrow(
      /MDL_PACKAGE.*\(family\); expected yolo-objectness, for an output \[n, 3, 7\] of 2 labels; found yolo-detect/,
    )
  })
})

describe('what an import refuses', () => {
  const boxes: Given = {
    model: rowsLike([
      [0, 0, 4, 4, 0.9, 0],
      [4, 4, 8, 8, 0.8, 1],
    ]),
    args: { family: 'yolo-rows', labels: ['dent', 'stain'], threshold: 0.5 },
    shown: [
      {
        level: 64,
        findings: [
          { class: 'dent', score: 0.9, box: [0, 0, 4, 4] },
          { class: 'stain', score: 0.8, box: [4, 4, 8, 8] },
        ],
      },
    ],
  }

  it('takes rows as they are, with one verdict only told', async () => {
    const { parity, verdicts } = await bring(boxes)
    expect(parity[0]?.given).toMatchObject({ findings: 2, unmatched: 0, boxMaxPx: 0 })
    expect(verdicts).toEqual({ fail: 1 })
  })

  it.each([
    [
      'labels in another order, though the verdict agrees',
      { labels: ['stain', 'dent'] },
      /MDL_GOLDEN.*4 of 4 have no partner/,
    ],
    [
      'the wrong family',
      { family: 'yolo-detect' },
      /MDL_PACKAGE.*\(family\); expected yolo-rows or rtdetr, for an output \[n, 2, 6\].*found yolo-detect/,
    ],
    [
      'a family whose outputs are missing',
      { family: 'yolo-segment' },
      /MDL_PACKAGE.*expected at least 2.*output0/,
    ],
    ['too few labels', { labels: ['dent'] }, /MDL_OUTPUT.*a label from 0 to 0; found 1/],
  ])('%s', async (_, args, message) => {
    await expect(bring({ ...boxes, args: { ...boxes.args, ...args } })).rejects.toThrow(message)
  })

  it('a size that is not the graph’s', async () => {
    const pixels = { ...anomaly, args: { ...anomaly.args, size: [4, 16] } }
    await expect(bring({ ...pixels, shown: [{ ...good }] })).rejects.toThrow(/MDL_PACKAGE/)
  })

  it('a graph for several images at once, and a middle larger than the whole', async () => {
    const model = anomalibLike({ batch: 2 })
    await expect(bring({ ...anomaly, model })).rejects.toThrow(/MDL_PACKAGE.*one for 2 images at once/)
    const args = { ...anomaly.args, centreCrop: [SIDE, SIDE + 1] }
    await expect(bring({ ...anomaly, args })).rejects.toThrow(/MDL_PACKAGE.*centreCrop.*at most the size/)
  })

  it('scores that are no numbers', async () => {
    const model = rowsLike([[0, 0, 4, 4, NaN, 0]])
    await expect(bring({ ...boxes, model })).rejects.toThrow(/MDL_OUTPUT.*output0.*NaN at index 4/)
  })

  // Notepad writes UTF-8 with a mark in front, `>` of Windows PowerShell 5 UTF-16
  it.each(['import.json', 'reference.json'])(
    'no %s for the mark that editors of Windows put in front, and one in UTF-16 by its name',
    async (name) => {
      const dir = await writeExport(join(root, `case-${count++}`), boxes.model, boxes.args, boxes.shown)
      const file = join(dir, name)
      const text = await readFile(file, 'utf8')
      await writeFile(file, `\ufeff${text}`)
      await importModel({ ...requestOf(dir, keys.privateKeyPem), outDir: join(dir, 'marked') })
      for (const mark of ['\ufeff', '']) {
        await writeFile(file, `${mark}${text}`, 'utf16le')
        await expect(importModel(requestOf(dir, keys.privateKeyPem))).rejects.toThrow(
          new RegExp(
            `MDL_PACKAGE.*${name}.*text in UTF-8; found a NUL, as text in UTF-16 has them; save the file as UTF-8`,
          ),
        )
      }
      await writeFile(file, text.replace('dent', 'd\u00e9nt'), 'latin1')
      await expect(importModel(requestOf(dir, keys.privateKeyPem))).rejects.toThrow(
        new RegExp(`MDL_PACKAGE.*${name}.*text in UTF-8; found bytes of another encoding`),
      )
    },
  )

  it('arguments that are none, from the file and from the command line', async () => {
    await expect(bring({ ...boxes, args: { ...boxes.args, nmsIoU: 0.5 } })).rejects.toThrow(
      /MDL_PACKAGE.*nmsIoU/,
    )
    const overrides = { threshold: NaN }
    await expect(bring({ ...boxes, over: { overrides } })).rejects.toThrow(/MDL_PACKAGE.*threshold/)
  })
})
