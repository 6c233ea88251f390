import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateKeys, onnxGraph, onnxModel, onnxNode } from '../../models/index.ts'
import { SIDE, importForeign } from './samples/foreign-export.ts'
import type { Shown } from './samples/foreign-export.ts'

let root = ''
let privateKeyPem = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-flips-'))
  privateKeyPem = generateKeys().privateKeyPem
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** A probability per place: the mean of R, G and B as they come in. */
const model = onnxModel(
  onnxGraph({
    name: 'brightness',
    nodes: [onnxNode('ReduceMean', ['image'], ['mask'], { axes: { ints: [1] } })],
    initializers: [],
    inputs: [{ name: 'image', type: 'float32', shape: [1, 3, SIDE, SIDE] }],
    outputs: [{ name: 'mask', type: 'float32', shape: [1, 1, SIDE, SIDE] }],
  }),
)

const bring = (more: Record<string, unknown>, shown: Shown) =>
  importForeign(root, privateKeyPem, {
    model,
    args: {
      family: 'torchvision-segment',
      labels: ['dent'],
      activation: 'none',
      threshold: 0.5,
      mean: [0, 0, 0],
      std: [255, 255, 255],
      ...more,
    },
    shown: [shown],
  })

const dent = (score: number) => ({ class: 'dent', score, box: [3, 3, 5, 5] })
const middleBright: Shown = { level: 204, findings: [dent(0.8)] }

it('a verdict that a wrong mean flips is refused by a hint that names all that shifts the scores', async () => {
  await bring({}, middleBright)
  await expect(bring({ mean: [127.5, 127.5, 127.5] }, middleBright)).rejects.toThrow(
    /MDL_GOLDEN.*verdicts of toy 1\.0: fail; found pass; check .*labels and their order, size, threshold, mean, std, order of the channels, activation and fit/,
  )
})

it('one that only the pixels made here flip is refused by a hint that names the resizing, and no other', async () => {
  // the library showed 150 where the image has 100: 150 / 255 is above the threshold
  const brightened = { level: 100, inputShift: 50, findings: [dent(150 / 255)] }
  const brought = bring({}, brightened)
  await expect(brought).rejects.toThrow(
    /MDL_GOLDEN.*: fail; found pass; check fit, resize, resample and marginGrey of import\.json \(the pixels of the library give its scores\), and that image, input and findings of an item .* of one picture/,
  )
  await expect(brought).rejects.not.toThrow(/mean, std/)
})
