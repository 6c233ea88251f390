import { afterAll, beforeAll, expect, it } from 'vitest'
import { PACKAGES_DIR, loadModel, loadTrustedKeys, verifyPackage } from '../../models/index.ts'
import type { Pixels, VerifiedPackage } from '../../models/index.ts'
import { createRunner } from '../../models/runner.ts'
import type { OpenModel } from '../../models/runner.ts'
import { openSession } from '../../models/runtime/ort-session.ts'

const TAPS = [
  { output: 'tap4', stridePx: 4, channels: 48 },
  { output: 'tap8', stridePx: 8, channels: 96 },
  { output: 'tap16', stridePx: 16, channels: 192 },
]

let pkg: VerifiedPackage
let model: OpenModel

beforeAll(async () => {
  pkg = await verifyPackage(`${PACKAGES_DIR}/backbone-s`, await loadTrustedKeys())
  const session = await openSession(pkg.model, { providers: ['cpu'], intraOpThreads: 1 })
  model = createRunner(pkg.card, pkg.sha256, session)
})
afterAll(() => model.runner.close())

/** The image of `reference` in models/training/backbone/export.py. */
function image(widthPx: number, heightPx: number): Pixels {
  const data = new Uint8Array(widthPx * heightPx * 3)
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / 3) % widthPx
    const y = Math.floor(i / 3 / widthPx)
    data[i] = (x * x * 3 + y * 5 + x * y + (i % 3) * 40) % 256
  }
  return { data, widthPx, heightPx, channels: 3 }
}

// `python models/training/backbone/mean_of.py X Y --out model.onnx`, "reference": the
// network in PyTorch, batch norms not folded. Mean magnitude, value at [1, 1, 1], last value.
const REFERENCE: Record<string, [number, number, number]> = {
  tap4: [2.71841, -6.6486, -3.69512],
  tap8: [1.76749, 1.37723, 0.39905],
  tap16: [0.91913, -1.43349, 0.00151],
}

it('is a package of at most 8 MB that says what it gives', () => {
  expect(pkg.model.byteLength).toBeLessThanOrEqual(8e6)
  expect(pkg.card.spec).toEqual({ family: 'backbone', taps: TAPS })
  expect(pkg.card.inputs).toMatchObject([{ channels: 3, multipleOf: 16, widthPx: null, heightPx: null }])
})

it('replays its golden vectors', async () => {
  expect(pkg.golden).toHaveLength(2)
  const runner = await loadModel(pkg.dir, {
    providers: ['cpu'],
    trustedKeys: await loadTrustedKeys(),
    intraOpThreads: 1,
  })
  expect(runner.sha256).toBe(pkg.sha256)
  await runner.close()
})

it('gives what the trained network gives in PyTorch', async () => {
  const { raw } = await model.forward({ image: image(48, 32) })
  for (const { output, stridePx } of TAPS) {
    const data = raw[output]?.data ?? []
    const cells = (48 / stridePx) * (32 / stridePx)
    const values = Array.from(data, Number)
    const mean = values.reduce((sum, v) => sum + Math.abs(v), 0) / values.length
    const got = [mean, values[cells + 48 / stridePx + 1], values.at(-1)]
    REFERENCE[output]?.forEach((want, i) => expect(got[i]).toBeCloseTo(want, 3))
  }
  expect(Object.keys(REFERENCE)).toEqual(TAPS.map((t) => t.output))
})

it.each([
  [16, 16],
  [256, 256],
  [208, 400],
])('gives its taps for %i x %i px', async (widthPx, heightPx) => {
  const { raw } = await model.forward({ image: image(widthPx, heightPx) })
  for (const { output, stridePx, channels } of TAPS)
    expect(raw[output]?.shape).toEqual([1, channels, heightPx / stridePx, widthPx / stridePx])
})

it('takes a size that is no multiple of 16 by continuing its edge', async () => {
  const { raw } = await model.forward({ image: image(90, 70) })
  expect(raw.tap16?.shape).toEqual([1, 192, 5, 6])
})

it('moves its features with the image: cells lie where the strides say', async () => {
  const wide = image(320, 256)
  const shifted: Pixels = { ...image(256, 256), data: new Uint8Array(256 * 256 * 3) }
  for (let y = 0; y < 256; y++)
    shifted.data.set(wide.data.subarray((y * 320 + 32) * 3, (y * 320 + 288) * 3), y * 256 * 3)
  const a = (await model.forward({ image: wide })).raw.tap8?.data
  const b = (await model.forward({ image: shifted })).raw.tap8?.data
  // 32 px are 4 cells; the centre is out of reach of both borders' padding
  for (let channel = 0; channel < 96; channel++)
    expect(Number(b?.[(channel * 32 + 16) * 32 + 16])).toBeCloseTo(
      Number(a?.[(channel * 32 + 16) * 40 + 20]),
      3,
    )
})
