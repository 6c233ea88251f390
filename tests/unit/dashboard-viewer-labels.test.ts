import { describe, expect, it } from 'vitest'
import type { Finding } from '../../contracts/index.ts'
import { placeLabels } from '../../dashboard/web/part/viewer/labels.ts'

const finding = (id: string, score: number, box: Finding['box']): Finding => ({
  id,
  tool: 'spots',
  use: 'blob@1',
  class: 'spot',
  score,
  box,
  areaPx: 4,
  rois: [],
})
/** 60 px wide and 15 px high on the screen, in a pane of 1200 px with the middle of the part in its middle. */
const room = (scale: number, hovered: string | null = null) => ({
  px: 1 / scale,
  top: 1_000 - 600 / scale,
  bottom: 1_000 + 600 / scale,
  end: 2_000,
  hovered,
  nameOf: (f: Finding) => f.class,
  widthOf: () => 52 / scale,
})
/** 20 by 15 spots of 20 px, 100 px apart. */
const spots = Array.from({ length: 300 }, (_, n) => {
  const [x, y] = [40 + (n % 20) * 100, 40 + Math.floor(n / 20) * 100]
  return finding(`s${n}`, 300 - n, [x, y, x + 20, y + 20])
})

describe('labels in the viewer', () => {
  it('cover no other finding, however many there are, and are all there where one zooms in', () => {
    for (const scale of [0.02, 0.1, 0.35, 1, 4]) {
      const placed = placeLabels(spots, room(scale)).flatMap(({ finding: of, label: l }) =>
        l ? [{ of, box: [l.x, l.y, l.x + l.w, l.y + l.h] as const }] : [],
      )
      const meets = (a: readonly number[], b: readonly number[]): boolean =>
        a[0]! < b[2]! && b[0]! < a[2]! && a[1]! < b[3]! && b[1]! < a[3]!
      for (const { of, box } of placed) {
        expect(spots.filter((o) => o !== of && meets(box, o.box)).length, `boxes at ${scale}`).toBe(0)
        expect(placed.filter((o) => o.of !== of && meets(box, o.box)).length, `labels at ${scale}`).toBe(0)
      }
      expect(placed[0]?.of.id, 'the strongest has a label').toBe('s0')
      if (scale >= 1) expect(placed.length).toBe(300)
    }
  })

  it('are there under the cursor in any case', () => {
    const label = (hovered: string | null) =>
      placeLabels(spots, room(0.1, hovered)).find((p) => p.finding.id === 's299')?.label ?? null
    expect([label(null), label('s299')?.text]).toEqual([null, 'spot 1.00'])
  })

  it('of findings within another one, or one on another, are there', () => {
    const region = finding('region', 0.9, [0, 0, 500, 500])
    const inner = finding('inner', 0.8, [100, 300, 120, 320])
    const same = finding('same', 0.7, [100, 300, 120, 320])
    const placed = placeLabels([region, inner, same], room(1))
    expect(placed.map((p) => [p.finding.id, p.label !== null])).toEqual([
      ['region', true],
      ['inner', true],
      ['same', true],
    ])
  })

  it.each<[string, [string, number, Finding['box']][]]>([
    [
      'one below another',
      [
        ['a', 0.9, [100, 300, 200, 500]],
        ['b', 0.8, [100, 500, 200, 600]],
      ],
    ],
    [
      'a pore below a crack',
      [
        ['a', 0.9, [400, 100, 430, 900]],
        ['b', 0.8, [405, 905, 425, 930]],
      ],
    ],
    [
      'one beyond the border of a region',
      [
        ['a', 0.9, [0, 100, 500, 500]],
        ['b', 0.8, [490, 300, 503, 320]],
      ],
    ],
    [
      'the stronger one in the corner of a region',
      [
        ['a', 0.9, [280, 280, 330, 330]],
        ['b', 0.5, [0, 0, 300, 300]],
      ],
    ],
    [
      'one on the corner of another',
      [
        ['a', 0.9, [100, 100, 300, 300]],
        ['b', 0.8, [220, 180, 420, 380]],
      ],
    ],
    ['one at the upper border', [['a', 0.9, [10, 0, 60, 40]]]],
    ['one as large as the part', [['a', 0.9, [0, 0, 2_000, 2_000]]]],
    [
      'one as large as the part, another in its corner',
      [
        ['a', 0.9, [40, 0, 80, 30]],
        ['b', 0.8, [0, 0, 2_000, 2_000]],
      ],
    ],
  ])('are there and in sight of few findings: %s', (_, boxes) => {
    const few = boxes.map(([id, score, box]) => finding(id, score, box))
    for (const scale of [0.5, 1, 2]) {
      const pane = { ...room(scale), top: 0, bottom: 2_000 }
      for (const { finding: of, label } of placeLabels(few, pane))
        expect(label && label.y >= 0 && label.y + label.h <= pane.bottom, `${of.id} at ${scale}`).toBe(true)
    }
  })

  it('lie near their box rather than where they would be taken for that of another', () => {
    const crack = finding('crack', 0.93, [100, 150, 160, 300])
    const spur = finding('spur', 0.9, [100, 300, 160, 340])
    const region = finding('region', 0.88, [250, 200, 450, 400])
    const pore = finding('pore', 0.86, [440, 300, 455, 315])
    const placed = placeLabels([crack, spur, region, pore], { ...room(1), top: 0 })
    const gap = (id: string): number => {
      const of = placed.find((p) => p.finding.id === id)
      const { y, h } = of?.label ?? { y: NaN, h: 0 }
      const [, y1 = NaN, , y2 = NaN] = of?.finding.box ?? []
      return y < y1 ? y1 - (y + h) : y - y2
    }
    expect(['crack', 'spur', 'region', 'pore'].map(gap)).toEqual([3, 3, 3, 3])
  })

  it('go out of sight with a box that is', () => {
    const pane = { ...room(1), top: 100, bottom: 300 }
    const above = placeLabels([finding('a', 0.9, [10, 20, 60, 90])], pane)
    expect(above[0]?.label?.y).toBeLessThan(100)
  })
})
