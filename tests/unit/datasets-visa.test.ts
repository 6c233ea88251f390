import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const IMAGES = 'candle/Data/Images'
const ROWS = [
  'object,split,label,image,mask',
  `candle,train,normal,${IMAGES}/Normal/0000.JPG,`,
  `candle,test,normal,${IMAGES}/Normal/0001.JPG,`,
  `candle,test,anomaly,${IMAGES}/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png`,
  'pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,',
]

async function candle(): Promise<string> {
  await at.tree({
    [`${IMAGES}/Normal/0000.JPG`]: null,
    [`${IMAGES}/Normal/0001.JPG`]: null,
    [`${IMAGES}/Anomaly/000.JPG`]: null,
    'candle/Data/Masks/Anomaly/readme.txt': 'x',
    'candle/image_anno.csv': 'image,label\nx,"chip, wax"\n',
    'pcb1/Data/Images/Normal/0000.JPG': null,
  })
  // Numbers of classes, nearly black to the eye.
  await sharp(Buffer.from(Array.from({ length: 200 }, (_, n) => (n < 6 ? 1 : 0))), {
    raw: { width: 20, height: 10, channels: 1 },
  }).toFile(join(at.dir, 'candle/Data/Masks/Anomaly/000.png'))
  return join(at.dir, 'candle')
}

it('reads an object of VisA with the splits of its list, which lies beside', async () => {
  const dir = await candle()
  await at.tree({ 'split_csv/1cls.csv': `${ROWS.join('\n')}\n` })
  const set = await openDataset(dir)
  expect([set.format, set.classes, set.leftOut]).toEqual(['visa', ['Anomaly', 'Normal'], []])
  expect(set.items.map((i) => [i.id, i.split, i.label, i.defective, i.mask?.slice(dir.length + 1)])).toEqual([
    ['Data/Images/Normal/0000.JPG', 'train', 'Normal', false, undefined],
    ['Data/Images/Normal/0001.JPG', 'test', 'Normal', false, undefined],
    ['Data/Images/Anomaly/000.JPG', 'test', 'Anomaly', true, 'Data/Masks/Anomaly/000.png'],
  ])
  expect((await openDataset(dir, { forJudging: true })).items).toHaveLength(2)
  await expect(openDataset(at.dir)).rejects.toThrow(
    /DAT_LAYOUT.*name one of the sets in it: candle \(visa\), pcb1 \(visa\)$/,
  )
})

it('says that nothing is set apart for teaching without the list', async () => {
  const set = await openDataset(await candle())
  expect(set.items.map((i) => [i.split, i.defective])).toEqual([
    ['all', false],
    ['all', false],
    ['all', true],
  ])
  expect(set.leftOut.map((f) => f.message)).toEqual([
    expect.stringMatching(/^DAT_TRUTH: .*expected split_csv\/1cls\.csv beside/),
  ])
})

it.each([
  ['rows of other objects alone', [ROWS[0], ROWS[4]], /expected rows of candle, .*; found pcb1$/],
  ['other columns', ['image,label'], /line 1\); expected object,split,label,image,mask; found image,label/],
  [
    'a label against the folder',
    [ROWS[0], `candle,test,anomaly,${IMAGES}/Normal/0001.JPG,`],
    /line 2\); expected candle, train or test/,
  ],
  ['a split of another name', [ROWS[0], `candle,val,normal,${IMAGES}/Normal/0001.JPG,`], /line 2\)/],
  [
    'an image that is not there',
    [ROWS[0], `candle,test,normal,${IMAGES}/Normal/9.JPG,`],
    /9\.JPG; found none/,
  ],
])('refuses a list with %s', async (_, rows, message) => {
  const dir = await candle()
  await at.tree({ 'split_csv/1cls.csv': rows.join('\n') })
  await expect(openDataset(dir)).rejects.toThrow('DAT_LAYOUT')
  await expect(openDataset(dir)).rejects.toThrow(message)
})
