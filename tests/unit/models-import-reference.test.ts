import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateKeys } from '../../models/index.ts'
import { SIDE, classesLike, importForeign, rawAnomalyLike } from './samples/foreign-export.ts'

let root = ''
let privateKeyPem = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-reference-'))
  privateKeyPem = generateKeys().privateKeyPem
})
afterAll(() => rm(root, { recursive: true, force: true }))

const classes = (threshold: number, more: Record<string, number> = {}) =>
  importForeign(root, privateKeyPem, {
    model: classesLike([0.9, 0.1]),
    args: { family: 'yolo-classify', labels: ['good', 'scratch'], threshold },
    shown: [
      {
        level: 64,
        findings: [{ class: 'good', score: 0.9, box: [0, 0, SIDE, SIDE] }],
        scores: { good: 0.9, scratch: 0.1, ...more },
      },
    ],
  })

it('a reference with the score of a class that import.json does not name is refused by that name', async () => {
  await classes(0.5)
  await expect(classes(0.5, { stain: 0 })).rejects.toThrow(
    /MDL_PACKAGE.*reference\.json, items\[0\]\.scores.*labels of import\.json alone: good, scratch; found one of stain/,
  )
})

it.each([50, 1.5, -3])('a threshold of %f, which no probability reaches or misses, is refused', async (t) => {
  await expect(classes(t)).rejects.toThrow(
    /MDL_PACKAGE.*import\.json.*threshold.*expected a score from 0 to 1; of anomalib alone any number/,
  )
})

it('anomalib without normalisation has scores of any size, and thresholds for them', async () => {
  await importForeign(root, privateKeyPem, {
    model: rawAnomalyLike(40),
    args: { family: 'anomalib', threshold: 50, imageThreshold: 50 },
    shown: [{ level: 204, findings: [], scores: { score: 32 } }],
  })
})
