import { describe, expect, it } from 'vitest'
import {
  createSampleProduct,
  DEFECT_CLASSES,
  type DefectClass,
  NO_OPTICS,
  renderBoard,
} from '../../datasets/index.ts'

/** Regions by union-find over the whole image, written apart from the generator's flood fill. */
function count(mask: readonly boolean[], value: boolean, corners: boolean): number {
  const parent = Int32Array.from(mask, (_, i) => i)
  const find = (i: number): number => {
    let at = i
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] ?? at] ?? at
      at = parent[at] ?? at
    }
    return at
  }
  let regions = 0
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== value) continue
    regions++
    const x = i % 640
    const back = [x > 0 ? i - 1 : -1, i - 640]
    if (corners) back.push(x > 0 ? i - 641 : -1, x < 639 ? i - 639 : -1)
    for (const j of back) {
      if (j < 0 || mask[j] !== value) continue
      const a = find(i)
      const b = find(j)
      if (a !== b) {
        parent[a] = b
        regions--
      }
    }
  }
  return regions
}

const SEED = 20_260
const regions = (grey: Uint8Array): { copper: number; substrate: number } => {
  const mask = Array.from(grey, (v) => v < 125)
  return { copper: count(mask, true, true), substrate: count(mask, false, false) }
}

/** Change of the number of regions of the whole board, copper and substrate. */
const EXPECTED: Record<DefectClass, (copper: number, substrate: number) => boolean> = {
  open: (c) => c >= 1,
  short: (c) => c === -1,
  mousebite: (c, s) => c === 0 && s === 0,
  spur: (c, s) => c === 0 && s === 0,
  copper: (c, s) => c === 1 && s === 0,
  pinhole: (c, s) => c === 0 && s === 1,
}

describe(`every injected defect is what it is called (seed ${SEED})`, () => {
  for (const frame of ['board', 'crop'] as const) {
    it(`on the whole image of a ${frame}`, { timeout: 120_000 }, async () => {
      for (let n = 0; n < 4; n++) {
        const product = createSampleProduct(SEED + n, { frame, polarity: 'dark', label: false, silk: false })
        const before = regions(product.grey)
        for (const cls of DEFECT_CLASSES) {
          const order = { serial: '', lot: '', seed: SEED + n, defects: [cls], optics: NO_OPTICS }
          const board = await renderBoard(product, order)
          const after = regions(board.pixels)
          const change = [after.copper - before.copper, after.substrate - before.substrate] as const
          expect(EXPECTED[cls](...change), `${cls} on ${product.id}: regions ${change.join('/')}`).toBe(true)
        }
      }
    })
  }
})
