import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  loadModel,
  loadTeachData,
  type ModelOutput,
  packTaught,
  teach,
  teachDataDir,
  teachOptionsSchema,
  updateTaught,
} from '../../models/index.ts'
import type { TaughtModel, TeachImage } from '../../models/index.ts'
import { generateKeys } from '../../models/package/keys.ts'
import { verifyPackage } from '../../models/package/verify.ts'
import { plainJudge } from '../../models/quantise/verdict.ts'
import type { Backbone } from '../../models/teach/backbone.ts'
import { deliveredBackbone } from './samples/teach-parts.ts'
import { drawSurface } from './samples/large-surfaces.ts'
import type { SurfaceMark } from './samples/large-surfaces.ts'

const [widthPx, heightPx] = [1_120, 960]
/** All px of the image: two tiles, which meet at 560 px. */
const options = teachOptionsSchema.parse({
  areaPx: widthPx * heightPx,
  bankSize: 300,
  dims: 48,
  method: 'bank-evidence',
  turn: false,
  threads: 2,
})
const surface = (seed: number, mark?: SurfaceMark): TeachImage => ({
  name: `surface-${seed}`,
  size: () => Promise.resolve({ widthPx, heightPx }),
  load: () =>
    Promise.resolve(drawSurface({ kind: 'brushed', widthPx, heightPx, seed, ...(mark && { mark }) })),
})
const GOOD = Array.from({ length: 8 }, (_, i) => surface(i))

let backbone: Backbone
let taught: TaughtModel
let dir: string
const keys = generateKeys()

beforeAll(async () => {
  backbone = await deliveredBackbone()
  dir = await mkdtemp(join(tmpdir(), 'sightline-tiles-'))
  taught = await teach({ backbone, good: GOOD, options })
}, 300_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

async function pack(model: TaughtModel, version: string): Promise<string> {
  const outDir = join(dir, version)
  await packTaught({
    taught: model,
    backbone,
    id: 'surface',
    version,
    title: { zh: '表面', en: 'Surface' },
    outDir,
    privateKeyPem: keys.privateKeyPem,
    keyId: 'test',
  })
  return outDir
}

/** What the packed model says of images, at its own threshold; golden vectors are replayed before. */
async function judged(packageDir: string, images: readonly TeachImage[]): Promise<ModelOutput[]> {
  const runner = await loadModel(packageDir, {
    providers: ['cpu'],
    trustedKeys: { test: keys.publicKey },
    intraOpThreads: 1,
  })
  const threshold = runner.card.threshold.value
  const out: ModelOutput[] = []
  for (const image of images)
    out.push(await runner.run({ image: await image.load() }, { threshold, thresholds: {}, maxFindings: 5 }))
  await runner.close()
  return out
}

describe('a model taught on tiles', () => {
  let packed: string
  beforeAll(async () => {
    packed = await pack(taught, '1.0.0')
  }, 120_000)

  it('finds a hairline of 2 px where it is, also across the seam, and passes a good part', async () => {
    const places: [number, number][] = [
      [900, 200],
      [560, 480],
    ]
    const cracked = places.map((at, i) => surface(200 + i, { kind: 'hairline', at, sizePx: 2 }))
    const [good, ...bad] = await judged(packed, [surface(300), ...cracked])
    expect(good?.findings).toEqual([])
    for (const [i, { findings }] of bad.entries()) {
      const [x1, y1, x2, y2] = findings[0]?.box ?? [0, 0, 0, 0]
      const [x, y] = places[i] ?? [0, 0]
      expect([x1 < x + 70, x2 > x - 70, y1 < y + 70, y2 > y - 70]).toEqual([true, true, true, true])
      expect(Math.max(x2 - x1, y2 - y1)).toBeLessThan(400)
    }
  })

  it('says in card, report and teach data how the image is cut', async () => {
    const tiles = { columns: 2, rows: 1, widthPx: 656, heightPx: 960, overlapPx: 192 }
    const { card, sha256 } = await verifyPackage(packed, { test: keys.publicKey })
    expect(card.inputs[0]).toMatchObject({ widthPx, heightPx, fit: 'stretch' })
    expect(card.spec).toMatchObject({ tiles: { ...tiles, skipped: 0 } })
    expect(taught.report.tiles).toEqual(tiles)
    expect((await loadTeachData(teachDataDir(packed), sha256)).size.tiles).toEqual(tiles)
    expect(() => plainJudge(card)).toThrow(/^MDL_QUANTISE.*sees its image in one piece; found 2 x 1 tiles/)
  })

  it('is made anew from its teach data with an image more, and passes over tiles where nothing counts', async () => {
    const { sha256 } = await verifyPackage(packed, { test: keys.publicKey })
    const kept = await loadTeachData(teachDataDir(packed), sha256)
    // the left tile is taken up to 560 px
    const data = { ...kept, options: { ...kept.options, include: [[0, 0, 480, 960] as never] } }
    const next = await updateTaught({
      backbone,
      data,
      examples: taught.examples,
      add: [surface(8)],
      remove: [],
    })
    const dirOfNext = await pack(next, '1.1.0')
    const { card } = await verifyPackage(dirOfNext, { test: keys.publicKey })
    expect(next.report.goodImages).toBe(9)
    expect(card.spec).toMatchObject({ tiles: { columns: 2, skipped: 1 } })
    const [inside, outside] = await judged(dirOfNext, [
      surface(201, { kind: 'hairline', at: [240, 480], sizePx: 2.5 }),
      surface(202, { kind: 'hairline', at: [900, 480], sizePx: 2.5 }),
    ])
    expect(inside?.findings.length).toBeGreaterThan(0)
    expect(outside?.findings).toEqual([])
  }, 120_000)
})
