import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluationText } from '../../bin/jobs/evaluation-text.ts'
import { labelledRegions } from '../../bin/teach/labelled-regions.ts'
import {
  ClassPixelScorer,
  evaluate,
  evaluationResultSchema,
  IGNORED,
  openDataset,
  renderReport,
  type ScoredImage,
  scoreCoco,
  scoreDetections,
} from '../../datasets/index.ts'
import { badPart, type TrueBox } from '../../datasets/readers/item.ts'
import { boundsOfRuns, countsOfText, maskOfRuns } from '../../datasets/readers/run-lengths.ts'
import { noModels, recipeOf } from './samples/inspection-recipes.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

interface Reference {
  masks: {
    size: [number, number]
    text: string
    counts: number[]
    bbox: number[]
    area: number
    rows: string[]
  }[]
  crowds: { images: ScoredImage[]; stats: Record<string, number> }
}

// Reference values: tests/golden/coco-annotations.py (pycocotools; versions and the command inside).
const reference = JSON.parse(
  readFileSync(new URL('../golden/coco-annotations.json', import.meta.url), 'utf8'),
) as Reference

describe('run lengths against pycocotools', () => {
  it.each(reference.masks.map((m) => [m.size.join(' × '), m] as const))('%s px', (_, m) => {
    const [heightPx, widthPx] = m.size
    expect(countsOfText(m.text)).toEqual(m.counts)
    const runs = { widthPx, heightPx, counts: m.counts }
    const [x = 0, y = 0, w = 0, h = 0] = m.bbox
    expect(boundsOfRuns(runs)).toEqual([x, y, x + w, y + h])
    const mask = maskOfRuns(runs)
    expect(mask.reduce((a, b) => a + b, 0)).toBe(m.area)
    expect([...mask].join('')).toBe(m.rows.join(''))
  })

  it.each([
    ['a character that is none', '01 3', /character 3.*found " "/],
    ['an end in the middle', '01o', /character 4.*the middle of a number/],
    ['a number without end', 'ooooooooo', /character 8.*without end/],
    ['a run of less than nothing', 'N', /a run of -2 px/],
  ])('refuses %s', (_, text, message) => expect(() => countsOfText(text)).toThrow(message))
})

const at = datasetFolder()
const dark = recipeOf([20, 10], [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 10, minAreaPx: 1 }])
const runs = { size: [10, 20], counts: [23, 4, 6, 4, 163] }
/** `pycocotools.mask.frPyObjects(runs, 10, 20)` */
const text = 'g0460m4'

async function coco(...annotations: Record<string, unknown>[]) {
  await at.tree({
    'a.jpg': null,
    'annotations.json': JSON.stringify({
      images: [{ id: 1, file_name: 'a.jpg' }],
      categories: [{ id: 1, name: 'dent' }],
      annotations: annotations.map((a) => ({ image_id: 1, category_id: 1, ...a })),
    }),
  })
  return openDataset(at.dir)
}

describe('masks of COCO', () => {
  it('reads both forms, and takes the box from them where none is written', async () => {
    const set = await coco(
      { segmentation: runs, bbox: [1, 1, 4, 5] },
      { segmentation: { size: runs.size, counts: text } },
    )
    expect(set.items[0]?.boxes).toEqual([
      { class: 'dent', box: [1, 1, 5, 6], runs: { widthPx: 20, heightPx: 10, counts: runs.counts } },
      { class: 'dent', box: [2, 3, 4, 7], runs: { widthPx: 20, heightPx: 10, counts: runs.counts } },
    ])
  })

  it('takes the box around all outlines where none is written', async () => {
    const parts = [
      [2, 3, 6, 3, 6, 5],
      [9, 1, 12, 1.5, 10, 8],
    ]
    const set = await coco({ segmentation: parts })
    expect(set.items[0]?.boxes).toEqual([{ class: 'dent', box: [2, 1, 12, 8], polygons: parts }])
    await expect(coco({ segmentation: [] })).rejects.toThrow(/annotations\.0\.bbox.*or a segmentation/)
  })

  it('takes null and an empty box as not there, and ids as text', async () => {
    const set = await coco(
      { segmentation: null, iscrowd: null, bbox: [1, 1, 4, 5] },
      { segmentation: runs, bbox: [], category_id: '1' },
      { segmentation: runs, bbox: null },
    )
    expect(boxesOf(set)).toEqual([
      [
        ['dent', 1, 1, 5, 6],
        ['dent', 2, 3, 4, 7],
        ['dent', 2, 3, 4, 7],
      ],
    ])
  })

  it('hands the pixels on to teaching', async () => {
    const { images } = labelledRegions(await coco({ segmentation: runs }))
    const regions = []
    for await (const image of images) regions.push(...image.regions)
    const shape = regions[0]?.shape
    const data = shape && 'mask' in shape ? shape.mask.data : new Uint8Array()
    expect(data.reduce((a, b) => a + b, 0)).toBe(8)
    // rows 3..6 of column 2, and of column 3
    expect([...data.keys()].filter((i) => data[i])).toEqual(
      [3, 4, 5, 6].flatMap((y) => [y * 20 + 2, y * 20 + 3]),
    )
  })

  it.each([
    [
      'a mask of another size',
      { segmentation: { size: [20, 10], counts: [200] } },
      /segmentation\.size of a\.jpg.*expected 20 × 10 px.*found 10 × 20 px/,
    ],
    [
      'a box of text',
      { bbox: ['1', '1', '5', '5'] },
      /annotations\.0\.bbox\); expected bbox \[x, y.*found \["1","1"/,
    ],
    [
      'an outline of words',
      { bbox: [1, 1, 2, 2], segmentation: 'none' },
      /annotations\.0\.segmentation\); expected outlines.*found "none"/,
    ],
    [
      'a crowd of two',
      { bbox: [1, 1, 2, 2], iscrowd: 2 },
      /annotations\.0\.iscrowd\); expected 0 or 1; found 2/,
    ],
    ['no box at all', {}, /annotations\.0\.bbox.*found none/],
    ['an outline of two points', { segmentation: [[1, 2, 3, 4]], bbox: [1, 1, 2, 2] }, /found 4 numbers/],
    ['runs that do not fill it', { segmentation: { ...runs, counts: '1' } }, /200 in all; found 1 px/],
    ['text that is none', { segmentation: { size: [10, 20], counts: 'g0~' } }, /segmentation\.counts, char/],
  ])('refuses %s', async (_, annotation, message) => {
    await expect(coco(annotation)).rejects.toThrow(message)
  })
})

describe('ids of COCO', () => {
  const json = (file_name: string): string =>
    JSON.stringify({ images: [{ id: 1, file_name }], categories: [{ id: 1, name: 'dent' }] })

  it('are different for two files of one folder, or of one name', async () => {
    await at.tree({ 'train/a.jpg': null, 'train/b.jpg': null, 'test/a.jpg': null, 'a.jpg': null })
    await at.tree({
      'train/annotations.json': json('a.jpg'),
      'train/_annotations.coco.json': json('b.jpg'),
      'annotations/train.json': json('a.jpg'),
      'test/annotations.json': json('a.jpg'),
    })
    expect((await openDataset(at.dir, { format: 'coco' })).items.map((i) => i.id)).toEqual([
      'annotations/train/a.jpg',
      'train/annotations/a.jpg',
      'train/_annotations.coco/b.jpg',
      'test/a.jpg',
    ])
  })
})

describe('crowds', () => {
  it('are ignored as pycocotools ignores them', () => {
    const { images, stats } = reference.crowds
    const got = scoreCoco(images, ['open', 'short'])
    for (const [name, value] of Object.entries(stats)) expect(got[name as 'ap'], name).toBeCloseTo(value, 9)
  })

  it('make calls in them neither right nor wrong, and are no defects', () => {
    const call = (box: [number, number, number, number]) => ({ class: 'dent', score: 0.9, box })
    const images: ScoredImage[] = [
      {
        id: 'a',
        truths: [
          { class: 'dent', box: [0, 0, 10, 10] },
          { class: 'dent', box: [50, 50, 150, 150], crowd: true },
        ],
        // right; two in the crowd; wrong
        detections: [
          call([0, 0, 10, 10]),
          call([60, 60, 70, 70]),
          call([80, 60, 90, 70]),
          call([200, 0, 210, 10]),
        ],
      },
    ]
    const d = scoreDetections(images, ['dent'], 0.5)
    expect(d.classes[0]).toMatchObject({ truths: 1, detections: 2, recall: 1, precision: 0.5 })
    expect(d.missed).toMatchObject({ count: 0, of: 1 })
    expect(d.falseCalls).toMatchObject({ count: 1, of: 2 })
    expect(d.recallBySize.px.map((b) => b.recall.of)).toEqual([1])
    expect(d.confusion.counts).toEqual([
      [1, 0],
      [1, 0],
    ])
  })

  it('leave precision and recall open where nothing else is there', () => {
    const none = scoreDetections([{ id: 'a', truths: [], detections: [] }], ['dent'], 0.5)
    expect(none.operating).toEqual({ threshold: 0.5, precision: null, recall: null, f1: null })
    const called = { class: 'dent', score: 0.9, box: [0, 0, 1, 1] as const }
    const wrong = scoreDetections([{ id: 'a', truths: [], detections: [called] }], ['dent'], 0.5)
    expect(wrong.operating).toMatchObject({ precision: 0, recall: null, f1: null })
  })

  it('make a bad part, and are not taught from', async () => {
    const set = await coco({ bbox: [1, 1, 4, 4], iscrowd: 1, segmentation: runs })
    expect(set.items[0]?.boxes?.[0]?.crowd).toBe(true)
    const bad = (boxes: TrueBox[] | undefined): boolean | null =>
      badPart({ defective: null, ...(boxes && { boxes }) })
    expect([bad(set.items[0]?.boxes), bad(undefined)]).toEqual([true, null])
    expect([bad([]), bad([{ class: 'x', box: [0, 0, 1, 1] }])]).toEqual([false, true])
    expect(() => labelledRegions(set)).toThrow(/TCH_LABELS/)
  })

  it('come with what the data set does not use, in text and report', async () => {
    await at.tree({ 'loose.jpg': null })
    const dataset = await coco({ bbox: [1, 1, 4, 4] })
    const subject = { kind: 'recipe', source: { recipe: dark, dir: at.dir } } as const
    const result = await evaluate({ dataset, subject, models: noModels, workers: 1 })
    expect(evaluationText(result)).toMatch(/DAT_LEFT_OUT.*loose\.jpg/)
    expect(await renderReport(result)).toMatch(
      /lang="zh">DAT_LEFT_OUT:数据集文件夹中有未使用的文件.*loose\.jpg/,
    )
  })

  it('stay in the result, which keeps to its schema, and out of its rates', async () => {
    const dataset = await coco(
      { bbox: [1, 1, 4, 4], iscrowd: 1, segmentation: runs },
      { bbox: [10, 1, 4, 4], segmentation: [[10, 1, 14, 1, 14, 5]] },
    )
    const subject = { kind: 'recipe', source: { recipe: dark, dir: at.dir } } as const
    const result = await evaluate({ dataset, subject, models: noModels, workers: 1 })
    expect(evaluationResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
    expect(result.images[0]?.truths).toEqual([
      { class: 'dent', box: [1, 1, 5, 5], crowd: true },
      { class: 'dent', box: [10, 1, 14, 5] },
    ])
    expect(result.detection?.missed).toMatchObject({ count: 1, of: 1 })
    const only = {
      ...dataset,
      items: dataset.items.map((i) => ({ ...i, boxes: i.boxes?.slice(0, 1) ?? [] })),
    }
    const none = await evaluate({ dataset: only, subject, models: noModels, workers: 1 })
    expect([none.unlabelled, none.judgement?.escape.of]).toEqual([0, 1])
    expect(none.detection?.missed.of).toBe(0)
  })

  it('take their pixels out of the overlap of classes', () => {
    const scorer = new ClassPixelScorer(['background', 'dent'])
    scorer.add(Uint8Array.of(1, 1, IGNORED, IGNORED), Uint8Array.of(1, 0, 1, 0))
    expect(scorer.score()).toMatchObject({ accuracy: 0.5, meanIou: 0.5 })
  })
})
