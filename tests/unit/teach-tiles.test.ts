import { beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../contracts/index.ts'
import type { Backbone } from '../../models/teach/backbone.ts'
import { openEmbedder } from '../../models/teach/embedder.ts'
import type { WorkingSize } from '../../models/teach/working-size.ts'
import { channelsOf } from '../../models/teach/feature-nodes.ts'
import { inputOf } from '../../models/teach/images.ts'
import { createImageInput } from '../../models/input/image-input.ts'
import { extendOverWindows } from '../../models/onnx/loop.ts'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/onnx/graph.ts'
import { patchTaps } from '../../models/teach/backbone.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { smoothingReach, topCells } from '../../models/teach/calibration.ts'
import { skippedTiles, tilesFor, viewTiles } from '../../models/teach/tiles.ts'
import type { Tiles } from '../../models/teach/working-size.ts'
import { workingSize } from '../../models/teach/plan.ts'
import { deliveredBackbone } from './samples/teach-parts.ts'
import { drawSurface } from './samples/large-surfaces.ts'

const gridOf = (widthPx: number, heightPx: number): WorkingSize => ({
  widthPx,
  heightPx,
  grid: { width: widthPx / 8, height: heightPx / 8, stridePx: 8 },
  tiles: tilesFor(widthPx, heightPx, 16),
})

const SIZES: [number, number][] = [
  [1_120, 960],
  [2_048, 1_536],
  [5_008, 5_008],
  [16_384, 96],
  [1_040, 1_024],
]

describe('tiles', () => {
  it('are not made of a working area of up to 1,048,576 px', () => {
    expect(tilesFor(1_024, 1_024, 16)).toBeUndefined()
    expect(tilesFor(8_192, 128, 16)).toBeUndefined()
    expect(tilesFor(1_040, 1_024, 16)).toBeDefined()
  })

  it.each(SIZES)('%i x %i px: equal, at most 1,024 px long, over the whole area', (widthPx, heightPx) => {
    const tiles = tilesFor(widthPx, heightPx, 16) as Tiles
    const reach = (count: number, px: number): number => px + (count - 1) * (px - tiles.overlapPx)
    expect(Math.max(tiles.widthPx, tiles.heightPx)).toBeLessThanOrEqual(1_024)
    expect([tiles.widthPx % 16, tiles.heightPx % 16, tiles.overlapPx % 16]).toEqual([0, 0, 0])
    expect(reach(tiles.columns, tiles.widthPx)).toBeGreaterThanOrEqual(widthPx)
    expect(reach(tiles.rows, tiles.heightPx)).toBeGreaterThanOrEqual(heightPx)
    expect(reach(tiles.columns - 1, tiles.widthPx)).toBeLessThan(widthPx)
  })

  it.each(SIZES)('%i x %i px: each cell lies 96 px inside its tile, or as near as the image', (w, h) => {
    const size = gridOf(w, h)
    const tiles = size.tiles as Tiles
    const { origins, source } = viewTiles(size, tiles, null)
    expect(origins.length).toBe(tiles.columns * tiles.rows)
    const [across, down] = [tiles.widthPx / 8, tiles.heightPx / 8]
    for (const [cell, row] of source.entries()) {
      const [top, left] = origins[Math.floor(row / (across * down))] ?? [NaN, NaN]
      const [inX, inY] = [row % across, Math.floor(row / across) % down]
      const [u, v] = [cell % size.grid.width, Math.floor(cell / size.grid.width)]
      const right = (px: number, at: number, end: number): boolean => at + px === end
      const near =
        [left / 8 + inX, top / 8 + inY].join() !== [u, v].join() ||
        (left > 0 && inX < 12) ||
        (top > 0 && inY < 12) ||
        (!right(tiles.widthPx, left, w) && across - 1 - inX < 12) ||
        (!right(tiles.heightPx, top, h) && down - 1 - inY < 12)
      if (near) throw new Error(`cell ${u}, ${v} is taken from ${inX}, ${inY} of the tile at ${left}, ${top}`)
    }
  })

  it('are passed over where nothing counts', () => {
    const size = gridOf(2_048, 1_536)
    const tiles = size.tiles as Tiles
    const { width } = size.grid
    const left = new Float32Array(size.grid.width * size.grid.height).map((_, i) => (i % width < 60 ? 1 : 0))
    expect(tiles).toMatchObject({ columns: 3, rows: 2 })
    expect(skippedTiles(size, tiles, left)).toBe(4)
    expect(skippedTiles(size, tiles, null)).toBe(0)
    expect(viewTiles(size, tiles, left).origins).toEqual([
      [0, 0],
      [672, 0],
    ])
  })
})

it('judges by fewer cells where there are more than 5,000, and as ever up to there', () => {
  const cells = [1_024, 4_144, 5_000, 5_016, 24_752, 390_625]
  expect(cells.map((n) => topCells(n, 0.02))).toEqual([20, 83, 100, 41, 41, 41])
  expect(cells.map(smoothingReach)).toEqual([1, 2, 2, 2, 2, 2])
})

describe('an image described in tiles', () => {
  let backbone: Backbone
  let whole: Float32Array
  let tiled: Float32Array
  let size: WorkingSize

  beforeAll(async () => {
    backbone = await deliveredBackbone()
    size = workingSize(backbone, 1_120, 960, 1_120 * 960)
    const surface = drawSurface({ kind: 'brushed', widthPx: 1_120, heightPx: 960, seed: 5 })
    const image = Uint8Array.from(createImageInput(inputOf(size)).prepare(surface).tensor.data)
    const pool = openSessionPool(1)
    const describeAt = async (at: WorkingSize): Promise<Float32Array> => {
      const embedder = await openEmbedder(backbone, at, null, pool)
      try {
        return await embedder.describe(image, 'surface')
      } finally {
        await embedder.close()
      }
    }
    whole = await describeAt({ ...size, tiles: undefined })
    tiled = await describeAt(size)
    await pool.close()
  })

  /** Share by which a cell differs from that of the image in one piece. */
  const differs = (u: number, v: number): number => {
    const dims = channelsOf(patchTaps(backbone.taps))
    const at = (v * size.grid.width + u) * dims
    let [apart, length] = [0, 0]
    for (let k = at; k < at + dims; k++) {
      apart += ((tiled[k] ?? 0) - (whole[k] ?? 0)) ** 2
      length += (whole[k] ?? 0) ** 2
    }
    return Math.sqrt(apart / length)
  }

  it('is the same as in one piece, and within a twentieth of it at the seam', () => {
    expect(size.tiles).toEqual({ columns: 2, rows: 1, widthPx: 656, heightPx: 960, overlapPx: 192 })
    // two tiles, from 0 to 656 and from 464 to 1,120 px, meet at 560 px: cell 70
    const seam = 70
    let most = 0
    for (let v = 0; v < size.grid.height; v++)
      for (let u = 0; u < size.grid.width; u++) {
        const near = u >= seam - 12 && u < seam + 12
        if (near) most = Math.max(most, differs(u, v))
        else expect(differs(u, v)).toBeLessThan(1e-3)
      }
    expect(most).toBeLessThan(0.05)
    // and it was cut: the network sees 230 px around a cell, of which the tiles show 96
    expect(most).toBeGreaterThan(1e-3)
  })
})

describe('a network run over windows', () => {
  const addOne = (nodes: Uint8Array<ArrayBuffer>[]): Uint8Array =>
    onnxModel(
      onnxGraph({
        name: 'sums',
        nodes,
        initializers: [
          onnxTensor('axes', [1], BigInt64Array.of(-1n)),
          onnxTensor('flat', [2], BigInt64Array.of(1n, -1n)),
        ],
        inputs: [{ name: 'image', type: 'uint8', shape: [1, 'h', 'w', 3] }],
        outputs: [{ name: 'sum', type: 'float32', shape: ['r', 'c'] }],
      }),
    )
  const sums = [
    onnxNode('Cast', ['image'], ['grey'], { to: { int: 1 } }),
    onnxNode('Reshape', ['grey', 'flat'], ['row']),
    onnxNode('ReduceSum', ['row', 'axes'], ['sum']),
  ]
  const windows = {
    input: 'image',
    origins: [
      [0, 0],
      [1, 2],
    ] as [number, number][],
    widthPx: 2,
    heightPx: 1,
    body: { nodes: [], initializers: [] },
    kept: 'sum',
    stacked: 'sums',
  }
  const extension = {
    nodes: [],
    initializers: [],
    inputs: [{ name: 'image', type: 'uint8' as const, shape: [1, 2, 4, 3] }],
    outputs: [{ name: 'sums', type: 'float32' as const, shape: [2, 1, 1] }],
  }

  it('sees each of them, and nothing else', async () => {
    const model = extendOverWindows(addOne(sums), windows, extension)
    const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
    const data = Uint8Array.from({ length: 24 }, (_, i) => i)
    const { sums: out } = await session.run({ image: { data, shape: [1, 2, 4, 3] } }, ['sums'])
    await session.close()
    // row 0, columns 0 and 1: bytes 0 to 5; row 1, columns 2 and 3: bytes 18 to 23
    expect([...(out?.data ?? [])]).toEqual([15, 123])
  })

  it('is refused when it has a graph inside a node, which could read the whole image', () => {
    const graph = onnxGraph({ name: 'inner', nodes: [], initializers: [], inputs: [], outputs: [] })
    const nested = addOne([...sums, onnxNode('If', ['sum'], ['other'], { then_branch: { graph } })])
    expect(() => extendOverWindows(nested, windows, extension)).toThrow(CodedError)
    expect(() => extendOverWindows(nested, windows, extension)).toThrow(/^MDL_PACKAGE.*graph.*of If/)
  })
})
