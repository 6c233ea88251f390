import { describe, expect, it } from 'vitest'
import type { RawMap } from '../../contracts/index.ts'
import { ClassPixelScorer } from '../../datasets/index.ts'
import { SegmentScorer } from '../../datasets/evaluate/segment-scores.ts'

const LABELS = ['background', 'scratch', 'spot']

/** One letter a pixel: `.` background, `s` scratch, `o` spot. */
const places = (rows: string[]): Uint8Array => Uint8Array.from(rows.join(''), (c) => '.so'.indexOf(c))

describe('classes of pixels', () => {
  it('counts overlap by class as scikit-learn does', () => {
    // scikit-learn 1.9.1 on the ten pixels of both images: jaccard_score(average=None) gives 0.57142857, 0.5,
    // 0.5, f1_score(average=None) 0.72727273, 0.66666667, 0.66666667, accuracy_score 0.7
    const scorer = new ClassPixelScorer(LABELS)
    scorer.add(places(['..s', '.ss']), places(['.ss', '..s']))
    scorer.add(places(['.o', '.o']), places(['..', '.o']))
    const score = scorer.score()
    expect(score?.accuracy).toBeCloseTo(0.7, 10)
    expect(score?.classes.map((c) => c.iou)).toEqual([4 / 7, 1 / 2, 1 / 2])
    expect(score?.classes.map((c) => c.dice)).toEqual([8 / 11, 2 / 3, 2 / 3])
    expect(score?.meanIou).toBeCloseTo(0.5, 10)
    expect(score?.meanDice).toBeCloseTo(2 / 3, 10)
  })

  it('says in how many images a class was found, and nothing of classes that are not there', () => {
    const scorer = new ClassPixelScorer(LABELS)
    scorer.add(places(['s.']), places(['.s']))
    scorer.add(places(['s.']), places(['s.']))
    const [, scratch, spot] = scorer.score()?.classes ?? []
    expect(scratch?.found).toMatchObject({ count: 1, of: 2 })
    expect(spot).toMatchObject({ iou: null, dice: null, truthPx: 0, calledPx: 0 })
    expect(new ClassPixelScorer(LABELS).score()).toBeNull()
  })
})

describe('a segmenter against labels', () => {
  const seen = { id: 'a.png', widthPx: 4, heightPx: 2, registration: null }
  const item = { id: 'a.png', image: 'a.png', split: 'test', defective: true }
  /** Cells of 2 × 2 px: the left one is the class of this index, the right one background (index 1). */
  const map = (left: number): RawMap => ({
    tool: 'model',
    widthPx: 2,
    heightPx: 1,
    values: Float32Array.of(0.9, 0.1),
    classes: { labels: ['spot', 'background', 'scratch'], index: Float32Array.of(left, 1) },
  })
  const scorer = (): SegmentScorer =>
    new SegmentScorer('model', ['spot', 'background', 'scratch'], 'background')
  const iouOf = (s: SegmentScorer, name: string) => s.score()?.classes.find((c) => c.class === name)?.iou

  it('takes a mask of the class of its image, wherever the model has its background', () => {
    const s = scorer()
    const mask = { data: Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0), widthPx: 4, heightPx: 2 }
    s.add(seen, { ...item, label: 'Scratch' }, [map(2)], mask)
    // called: 4 px on the left; true: 3 px, two of them there
    expect(iouOf(s, 'scratch')).toBe(2 / 5)
    expect(iouOf(s, 'spot')).toBeNull()
  })

  it('takes boxes as a whole and outlines as they run, the smaller on top', () => {
    const s = scorer()
    const boxes = [
      { class: 'spot', box: [0, 0, 1, 1] as const },
      { class: 'scratch', box: [0, 0, 2, 2] as const, polygons: [[0, 0, 2, 0, 2, 2, 0, 2]] },
    ].map((b) => ({ ...b, box: [...b.box] as [number, number, number, number] }))
    s.add(seen, { ...item, boxes }, [map(2)], undefined)
    expect(iouOf(s, 'scratch')).toBe(3 / 4)
    expect(iouOf(s, 'spot')).toBe(0)
  })

  it('leaves images out whose defects nobody has marked, and takes good ones as background', () => {
    const s = scorer()
    s.add(seen, item, [map(2)], undefined)
    expect(s.score()).toBeNull()
    s.add({ ...seen, id: 'good.png' }, { ...item, defective: false }, [map(1)], null)
    expect(s.score()).toMatchObject({ images: 1, accuracy: 1, leftOut: ['a.png'] })
  })

  it('refuses a class that the model does not know, and a mask of another size', () => {
    const mask = { data: new Uint8Array(2), widthPx: 2, heightPx: 1 }
    const boxes = [{ class: 'dent', box: [0, 0, 1, 1] as [number, number, number, number] }]
    expect(() => scorer().add(seen, { ...item, boxes }, [map(2)], undefined)).toThrow(
      /DAT_ANNOTATION.*a\.png.*spot, scratch; found dent/,
    )
    expect(() => scorer().add(seen, { ...item, label: 'spot' }, [map(2)], mask)).toThrow(
      /DAT_ANNOTATION.*4 × 2 px/,
    )
  })
})
