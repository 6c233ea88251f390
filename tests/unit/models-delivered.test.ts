import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGES_DIR, findPackages, loadModel, loadTrustedKeys, verifyPackage } from '../../models/index.ts'
import type { ModelRunner, PackageInfo, VerifiedPackage } from '../../models/index.ts'

describe('packages delivered with the product', () => {
  it('verify with the trusted keys delivered with it and replay their golden vectors', async () => {
    const trustedKeys = await loadTrustedKeys()
    const packages = await findPackages([PACKAGES_DIR])
    expect(packages.map((p) => p.id)).toContain('pcb-pair')
    for (const { dir, sha256, card } of packages) {
      const runner = await loadModel(dir, { providers: ['cpu'], trustedKeys, intraOpThreads: 1 })
      expect(runner.sha256).toBe(sha256)
      expect(card.threshold.provenance).not.toBe('')
      await runner.close()
    }
  })
})

describe('pcb-pair', () => {
  let info: PackageInfo | undefined
  let pkg: VerifiedPackage
  let runner: ModelRunner

  beforeAll(async () => {
    const trustedKeys = await loadTrustedKeys()
    info = (await findPackages([PACKAGES_DIR])).find((p) => p.id === 'pcb-pair')
    pkg = await verifyPackage(info?.dir ?? '', trustedKeys)
    runner = await loadModel(pkg.dir, {
      providers: ['cpu'],
      trustedKeys,
      intraOpThreads: 1,
      skipGolden: true,
    })
  })
  afterAll(() => runner.close())

  const run = (n: number) => {
    const vector = pkg.golden[n]
    if (vector === undefined) throw new Error(`golden vector ${n}`)
    return runner.run(vector, { threshold: pkg.card.threshold.value, thresholds: {}, maxFindings: 50 })
  }

  // centres of the defects drawn by models/training/pack-pcb-pair.ts, px
  it.each([
    ['open', 125, 30],
    ['short', 154, 84],
    ['mousebite', 100, 132],
    ['spur', 160, 166],
    ['copper', 580, 22],
    ['pinhole', 80, 210],
  ])('finds the drawn %s at (%i, %i), once', async (name, x, y) => {
    const { findings } = await run(0)
    const here = findings.filter(({ box: [x1, y1, x2, y2] }) => x1 <= x && x < x2 && y1 <= y && y < y2)
    expect(here.map((f) => f.class)).toEqual([name])
  })

  it('finds nothing else there, and nothing on a board equal to its template', async () => {
    expect((await run(0)).findings).toHaveLength(6)
    expect((await run(1)).findings).toEqual([])
  })

  it('takes a size that is no multiple of its stride', async () => {
    expect((await run(2)).findings.map((f) => f.class).sort()).toEqual([
      'copper',
      'mousebite',
      'open',
      'pinhole',
      'short',
      'spur',
    ])
  })
})
