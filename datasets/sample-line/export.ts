import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { makeFolder } from '../../contracts/index.ts'
import { renderBoard, takePicture, type SampleBoard } from './board.ts'
import { NoRoomError } from './defects.ts'
import { DEFECT_CLASSES, type DefectClass } from './defect-shapes.ts'
import { BOARD_PX } from './design.ts'
import { binarise } from './binarise.kernel.ts'
import { NO_OPTICS, type Optics } from './optics.kernel.ts'
import { createSampleProduct, GREYS, type SampleProduct } from './product.ts'
import { createRng, mixSeed, type Rng } from './rng.ts'

export interface ExportOptions {
  count: number
  seed: number
  /** Number of different designs; default: one per four pairs. */
  products?: number
  /** Share of the pairs listed in val.txt; the rest is train.txt. Designs are never in both. Default 0.1. */
  valShare?: number
  /** Share of pairs binarised like DeepPCB; the others keep grey levels. Default 0.5. */
  binaryShare?: number
  /** Share of pairs without any defect. Default 0.03. */
  cleanShare?: number
  onProgress?: (done: number, total: number) => void
}

/**
 * Writes aligned pairs in the layout of DeepPCB: `group<g>/<g>/<id>_test.jpg`, `_temp.jpg`, `group<g>/<g>_not/<id>.txt`
 * with lines `x1 y1 x2 y2 type`, and the lists train.txt and val.txt. Copper is dark. JPEG, quality 97.
 *
 * @throws CFG_USAGE when the folder cannot be made
 */
export async function exportSampleBoards(
  dir: string,
  options: ExportOptions,
): Promise<{ train: number; val: number }> {
  const products = Math.min(options.count, options.products ?? Math.max(1, Math.ceil(options.count / 4)))
  const val = Math.round(products * (options.valShare ?? 0.1))
  const lists: Record<'train' | 'val', string[]> = { train: [], val: [] }
  let done = 0
  for (let p = 0; p < products; p++) {
    const group = String(10_000 + p)
    const images = join(dir, `group${group}`, group)
    const notes = join(dir, `group${group}`, `${group}_not`)
    for (const folder of [images, notes]) makeFolder(folder)
    const rng = createRng(mixSeed(options.seed, p))
    const product = createSampleProduct(mixSeed(options.seed, p), {
      frame: rng.chance(0.85) ? 'crop' : 'board',
      label: false,
      silk: false,
      polarity: 'dark',
    })
    const until = Math.floor(((p + 1) * options.count) / products)
    for (let n = 0; done < until; n++, done++) {
      const id = `${group}${String(n).padStart(3, '0')}`
      const pair = await samplePair(product, rng.fork(n + 1), options)
      await Promise.all([
        writeFile(join(images, `${id}_test.jpg`), await jpeg(pair.test)),
        writeFile(join(images, `${id}_temp.jpg`), await jpeg(pair.template)),
        writeFile(join(notes, `${id}.txt`), pair.notes),
      ])
      lists[p < products - val ? 'train' : 'val'].push(
        `group${group}/${group}/${id}.jpg group${group}/${group}_not/${id}.txt`,
      )
      options.onProgress?.(done + 1, options.count)
    }
  }
  for (const [name, lines] of Object.entries(lists))
    await writeFile(join(dir, `${name}.txt`), lines.map((l) => `${l}\n`).join(''))
  return { train: lists.train.length, val: lists.val.length }
}

interface Pair {
  test: Uint8Array
  template: Uint8Array
  notes: string
}

async function samplePair(product: SampleProduct, rng: Rng, options: ExportOptions): Promise<Pair> {
  const outside = GREYS[product.polarity].substrate
  const wanted = rng.chance(options.cleanShare ?? 0.03) ? [] : pickDefects(rng)
  const binary = rng.chance(options.binaryShare ?? 0.5)
  const optics = alignedOptics(rng, binary)
  let board = await renderAsManyAsFit(product, wanted, rng, optics)
  let template = takePicture(product.grey, { ...alignedOptics(rng, binary), dxPx: 0, dyPx: 0 }, outside)
  if (binary) {
    board = { ...board, pixels: binarise(board.pixels, BOARD_PX, BOARD_PX, rng.int(1, 1 << 30)) }
    template = binarise(template, BOARD_PX, BOARD_PX, rng.int(1, 1 << 30))
  }
  const notes = board.truth.defects
    .map((d) => `${d.box.join(' ')} ${DEFECT_CLASSES.indexOf(d.class) + 1}\n`)
    .join('')
  return { test: board.pixels, template, notes }
}

/** 3 to 12 defects, as in DeepPCB, all types equally often. */
const pickDefects = (rng: Rng): DefectClass[] =>
  Array.from({ length: rng.int(3, 12) }, () => rng.pick(DEFECT_CLASSES))

/** A crop may have no trace to cut, or too little copper: the class that finds no place is left out. */
async function renderAsManyAsFit(
  product: SampleProduct,
  wanted: readonly DefectClass[],
  rng: Rng,
  optics: Optics,
): Promise<SampleBoard> {
  const seed = rng.int(1, 0x7fffffff)
  let defects = wanted
  for (;;) {
    try {
      return await renderBoard(product, { serial: '', lot: '', seed, defects, optics })
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error
      const stuck = error.defect
      defects = defects.filter((c) => c !== stuck)
    }
  }
}

/** Pairs are aligned to about a pixel: what is left is sub-pixel shift, and the light when grey is kept. */
function alignedOptics(rng: Rng, binary: boolean): Optics {
  return {
    ...NO_OPTICS,
    dxPx: rng.range(-0.9, 0.9),
    dyPx: rng.range(-0.9, 0.9),
    angleRad: rng.range(-0.0006, 0.0006),
    blur: rng.range(0.08, 0.3),
    gain: binary ? 1 : rng.range(0.85, 1.12),
    vignetting: binary ? 0 : rng.range(0, 0.12),
    tiltX: binary ? 0 : rng.range(-0.06, 0.06),
    tiltY: binary ? 0 : rng.range(-0.06, 0.06),
    noise: rng.range(0.5, 4),
    seed: rng.int(1, 0x7fffffff),
  }
}

const jpeg = (pixels: Uint8Array): Promise<Buffer> =>
  sharp(pixels, { raw: { width: BOARD_PX, height: BOARD_PX, channels: 1 } })
    .toColourspace('b-w')
    .jpeg({ quality: 97 })
    .toBuffer()
