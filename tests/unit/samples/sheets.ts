import type { LabelledRegion, Pixels, SegmentImage } from '../../../models/index.ts'

/** px */
export const SIDE = 64
/** A grained sheet with a dark round spot, or a bright scratch, or nothing. */
function sheet(kind: 'spot' | 'scratch' | 'good', n: number, form: 'mask' | 'box'): SegmentImage {
  let state = 7 * n + kind.length
  const next = (): number => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32
  for (let i = 0; i < 5; i++) next()
  const [cx, cy, r] = [18 + 28 * next(), 18 + 28 * next(), 8 + 4 * next()]
  const mask = new Uint8Array(SIDE * SIDE)
  const data = new Uint8Array(SIDE * SIDE)
  let [x1, y1, x2, y2] = [SIDE, SIDE, 0, 0]
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)]
    const inside =
      kind === 'spot'
        ? Math.hypot(x - cx, y - cy) < r
        : kind === 'scratch' && Math.abs(x - cx) < 3 && Math.abs(y - cy) < 2 * r
    data[i] = (inside ? (kind === 'spot' ? 40 : 230) : 120) + 20 * next()
    if (!inside) continue
    mask[i] = 255
    ;[x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)]
  }
  const pixels: Pixels = { data, widthPx: SIDE, heightPx: SIDE, channels: 1 }
  const shape = form === 'mask' ? { mask: { ...pixels, data: mask } } : { box: [x1, y1, x2, y2] as const }
  return {
    id: `${kind}/${n}`,
    pixels,
    regions: kind === 'good' ? [] : [{ class: kind, shape } as LabelledRegion],
  }
}
/** So many sheets of each kind, labelled by masks or boxes; `from` makes others. */
export const sheets = (each: number, form: 'mask' | 'box', from = 0): SegmentImage[] =>
  (['spot', 'scratch', 'good'] as const).flatMap((kind) =>
    Array.from({ length: each }, (_, n) => sheet(kind, from + n, form)),
  )
