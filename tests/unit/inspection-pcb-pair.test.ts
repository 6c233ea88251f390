import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FrameFormat } from '../../contracts/index.ts'
import { inspect, type PreparedRecipe, prepareRecipe } from '../../inspection/index.ts'
import { findPackages, loadTrustedKeys, PACKAGES_DIR } from '../../models/index.ts'
import { context, recipeOf } from './samples/inspection-recipes.ts'

const samples = process.env['SIGHTLINE_SAMPLES'] ?? resolve(import.meta.dirname, '../../../shared/data')
const deeppcb = join(samples, 'deeppcb')
const here = existsSync(join(deeppcb, 'val.txt'))
const jpeg: FrameFormat = { kind: 'encoded', mime: 'image/jpeg' }
/** In the order of the data set's types 1..6, see its README. */
const TYPES = ['open', 'short', 'mousebite', 'spur', 'copper', 'pinhole']

describe.skipIf(!here)(`pcb-pair on DeepPCB (skipped without ${deeppcb})`, () => {
  let prepared: PreparedRecipe
  beforeAll(async () => {
    const pkg = (await findPackages([PACKAGES_DIR])).find((p) => p.id === 'pcb-pair')
    if (!pkg) throw new Error('models/packages/pcb-pair is missing')
    const tool = {
      id: 'pcb',
      use: 'model@1',
      model: pkg.id,
      sha256: pkg.sha256,
      threshold: pkg.card.threshold.value,
    }
    const recipe = recipeOf([640, 640], [tool], { golden: { from: 'frame' } })
    prepared = await prepareRecipe(
      { recipe, dir: '.' },
      {
        modelDirs: [PACKAGES_DIR],
        providers: ['cpu'],
        trustedKeys: await loadTrustedKeys(),
        intraOpThreads: 1,
      },
    )
  })

  it('finds nearly all annotated defects of five boards, and nothing on their templates', async () => {
    const lines = readFileSync(join(deeppcb, 'val.txt'), 'utf8').split('\n').filter(Boolean)
    let truth = 0
    let hit = 0
    let extra = 0
    for (const line of lines.filter((_, i) => i % 20 === 0)) {
      const [image = '', labels = ''] = line.split(' ')
      const read = (suffix: string): Uint8Array =>
        readFileSync(join(deeppcb, image.replace(/\.jpg$/, `${suffix}.jpg`)))
      const template = { bytes: read('_temp'), format: jpeg }
      const board = { bytes: read('_test'), format: jpeg, reference: template }
      const { verdict } = await inspect(board, prepared, context)
      expect(verdict.noVerdict).toBeNull()
      const boxes = readFileSync(join(deeppcb, labels), 'utf8').split('\n').filter(Boolean)
      const wanted = boxes.map((l) => l.split(/[ ,]+/).map(Number))
      const near = wanted.filter(([x1 = 0, y1 = 0, x2 = 0, y2 = 0, type = 0]) =>
        verdict.findings.some((f) => f.class === TYPES[type - 1] && iou(f.box, [x1, y1, x2, y2]) > 0.33),
      )
      truth += wanted.length
      hit += near.length
      extra += Math.max(0, verdict.findings.length - near.length)
      const good = { bytes: template.bytes, format: jpeg, reference: template }
      const clean = await inspect(good, prepared, context)
      expect([clean.verdict.result, clean.verdict.findings.length]).toEqual(['pass', 0])
    }
    expect(truth).toBeGreaterThan(20)
    // the data set's own measure: IoU > 0.33 and the same class
    expect(hit / truth).toBeGreaterThan(0.95)
    expect(extra / truth).toBeLessThan(0.05)
  })
})

type Four = readonly [number, number, number, number]

function iou(a: Four, b: Four): number {
  const w = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const h = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const area = (c: Four): number => (c[2] - c[0]) * (c[3] - c[1])
  return (w * h) / (area(a) + area(b) - w * h)
}
