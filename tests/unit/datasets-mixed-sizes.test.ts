import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { evaluationText } from '../../bin/jobs/evaluation-text.ts'
import { compareResults, evaluate, openDataset, renderReport } from '../../datasets/index.ts'
import { findPackages } from '../../models/index.ts'
import { writeToyPackage } from '../suites/toy-models.ts'

/** A uniform grey picture. */
const picture = (width: number, height: number, grey: number): Promise<Buffer> =>
  sharp(Buffer.alloc(width * height, grey), { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()

it('judges images of several sizes by a bare model, which says itself how they come to its input', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sightline-sizes-'))
  // Good by its mean grey in 0..1, bad by what is left of it.
  const toy = await writeToyPackage({
    toy: { kind: 'classification', gain: [1, -1], bias: [0, 1] },
    labels: ['good', 'bad'],
    size: { widthPx: 32, heightPx: 24 },
    fit: 'stretch',
  })
  await mkdir(join(dir, 'good'))
  await mkdir(join(dir, 'bad'))
  await writeFile(join(dir, 'good/1.png'), await picture(40, 30, 200))
  await writeFile(join(dir, 'good/2.png'), await picture(64, 20, 210))
  await writeFile(join(dir, 'bad/3.png'), await picture(33, 70, 20))
  await writeFile(join(dir, 'bad/4.png'), await picture(40, 30, 10))
  await writeFile(join(dir, 'bad/5.png'), 'no picture')
  try {
    const [model] = await findPackages([toy.root])
    if (!model) throw new Error('the toy was not written')
    const result = await evaluate({
      dataset: await openDataset(dir),
      subject: { kind: 'model', model },
      models: { modelDirs: [toy.root], providers: ['cpu'], trustedKeys: toy.trustedKeys, intraOpThreads: 1 },
      workers: 1,
    })
    expect(result.images.map((i) => [i.id, i.verdict, i.noVerdict?.reason ?? null, i.widthPx])).toEqual([
      ['bad/3.png', 'fail', null, 33],
      ['bad/4.png', 'fail', null, 40],
      ['bad/5.png', 'inconclusive', 'decode', 0],
      ['good/1.png', 'pass', null, 40],
      ['good/2.png', 'pass', null, 64],
    ])
    expect(result.ranking).toMatchObject({ good: 2, bad: 2 })
    // Nobody called the picture that cannot be read by its name: that is wrong, here as in a comparison.
    expect(result.classification?.accuracy).toMatchObject({ count: 4, of: 5 })
    expect(result.classification?.confusion).toEqual({
      labels: ['bad', 'good', '-'],
      counts: [
        [2, 0, 1],
        [0, 2, 0],
        [0, 0, 0],
      ],
    })
    const accuracy = compareResults(result, result, { resamples: 1 }).differences.find(
      (d) => d.metric === 'accuracy',
    )
    expect(accuracy?.value).toBe(0.8)
    // What takes both kinds is said to be missing where one is.
    await rm(join(dir, 'bad'), { recursive: true })
    const good = await evaluate({
      dataset: await openDataset(dir, { format: 'folder-per-class' }),
      subject: { kind: 'model', model },
      models: { modelDirs: [toy.root], providers: ['cpu'], trustedKeys: toy.trustedKeys, intraOpThreads: 1 },
      workers: 1,
    })
    expect([good.ranking, good.auroc, good.judgement?.escape.rate]).toEqual([null, {}, null])
    expect(evaluationText(good)).toContain('not ranked, which takes good and bad parts; 0 bad, 2 good')
    const html = await renderReport(good)
    expect(html).toContain('有得分的不良品 0 件,良品 2 件')
    expect(`${evaluationText(good)}${html}`).not.toMatch(/NaN|Infinity|undefined/)
  } finally {
    await toy.remove()
    await rm(dir, { recursive: true })
  }
})
