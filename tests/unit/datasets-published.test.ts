import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('Real-IAD', () => {
  const view = (name: string, anomaly_class: string, mask_path: string | null = null): object => ({
    category: 'usb',
    anomaly_class,
    image_path: name,
    mask_path,
  })
  const JSON_OF = {
    meta: { normal_class: 'OK', prefix: 'usb/' },
    train: [view('OK/S0001/1_C1.jpg', 'OK')],
    test: [
      view('OK/S0002/2_C1.jpg', 'OK'),
      view('NG/BX/S0003/3_C1.jpg', 'BX', 'NG/BX/S0003/3_C1.png'),
      view('NG/BX/S0003/3_C2.jpg', 'OK'),
    ],
  }
  const PLACE = 'realiad_jsons/realiad_jsons/usb.json'

  async function usb(json: unknown): Promise<string> {
    const views = ['OK/S0001/1_C1', 'OK/S0002/2_C1', 'NG/BX/S0003/3_C1', 'NG/BX/S0003/3_C2']
    await at.tree(Object.fromEntries(views.map((v) => [`realiad_256/usb/${v}.jpg`, null])))
    const mask = Buffer.from(Array.from({ length: 200 }, (_, n) => (n < 5 ? 255 : 0)))
    await sharp(mask, { raw: { width: 20, height: 10, channels: 1 } }).toFile(
      join(at.dir, 'realiad_256/usb/NG/BX/S0003/3_C1.png'),
    )
    if (json !== undefined) await at.tree({ [PLACE]: JSON.stringify(json) })
    return join(at.dir, 'realiad_256/usb')
  }

  it('has splits and classes in its JSON: a view that does not show the defect is a good one', async () => {
    const dir = await usb(JSON_OF)
    const set = await openDataset(dir)
    expect([set.format, set.classes, set.leftOut]).toEqual(['real-iad', ['BX', 'OK'], []])
    expect(
      set.items.map((i) => [i.id, i.split, i.label, i.defective, i.mask?.slice(dir.length + 1)]),
    ).toEqual([
      ['OK/S0001/1_C1.jpg', 'train', 'OK', false, undefined],
      ['OK/S0002/2_C1.jpg', 'test', 'OK', false, undefined],
      ['NG/BX/S0003/3_C1.jpg', 'test', 'BX', true, 'NG/BX/S0003/3_C1.png'],
      ['NG/BX/S0003/3_C2.jpg', 'test', 'OK', false, undefined],
    ])
    expect((await openDataset(dir, { forJudging: true })).items).toHaveLength(3)
  })

  it('is read by its masks without the JSON', async () => {
    expect((await openDataset(await usb(undefined))).format).toBe('masks-beside')
  })

  it.each([
    [
      'an image that is not there',
      { ...JSON_OF, train: [view('OK/S9/9.jpg', 'OK')] },
      /usb\.json\); expected the file .*9\.jpg/,
    ],
    [
      'an image twice',
      { ...JSON_OF, train: JSON_OF.test },
      /every image once; found OK\/S0002\/2_C1\.jpg again/,
    ],
    ['another document', { train: [], test: [] }, /usb\.json, meta\); expected the JSON of Real-IAD/],
    [
      'a path out of the set',
      { ...JSON_OF, train: [view('../x.jpg', 'OK')] },
      /expected a path inside the data set/,
    ],
  ])('is refused with %s', async (_, json, message) => {
    await expect(openDataset(await usb(json))).rejects.toThrow(message)
  })
})

describe('NEU-CLS', () => {
  it('has the class in the name of each file', async () => {
    await at.tree({ 'Cr_1.jpg': null, 'PS_12.jpg': null, 'RS_3.jpg': null })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map((i) => [i.label, i.defective])]).toEqual([
      'neu-cls',
      [
        ['crazing', true],
        ['pitted_surface', true],
        ['rolled-in_scale', true],
      ],
    ])
    expect(set.leftOut.map((f) => f.message)).toEqual([
      expect.stringMatching(/^DAT_TRUTH.*every part counts as bad/),
    ])
  })

  it('is none when one file has another name', async () => {
    await at.tree({ 'Cr_1.jpg': null, 'Pa_1.jpg': null, 'cam_1.jpg': null })
    expect((await openDataset(at.dir)).format).toBe('folder')
    await expect(openDataset(at.dir, { format: 'neu-cls' })).rejects.toThrow(
      /cam_1\.jpg\); expected a name such as/,
    )
  })
})
