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
/** 60 px wide and 15 px high on the screen. */
const room = (scale: number, hovered: string | null = null) => ({
  px: 1 / scale,
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
})
