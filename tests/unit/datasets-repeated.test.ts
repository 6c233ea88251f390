import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { errorText } from '../../contracts/index.ts'
import { openDataset, repeatedImages } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

/** Files of one size; those of one letter have the same bytes. */
async function pictures(files: Record<string, string>): Promise<void> {
  for (const [name, letter] of Object.entries(files)) {
    await mkdir(dirname(join(at.dir, name)), { recursive: true })
    await writeFile(join(at.dir, name), letter.repeat(100))
  }
}
const said = async () => repeatedImages(await openDataset(at.dir))

describe('the same picture twice', () => {
  it('names what contradicts, however many copies say the same', async () => {
    const many = Array.from({ length: 7 }, (_, n): [string, string] => [`dent/${n}.png`, 'a'])
    await pictures({ ...Object.fromEntries(many), 'good/x.png': 'a' })
    expect((await said()).map((f) => f.message)).toEqual([
      expect.stringMatching(/found 8 images of 1 pictures: dent\/0\.png = good\/x\.png = dent\/1\.png/),
    ])
  })

  it('is said by its own code, apart from pictures of two truths', async () => {
    await pictures({
      'good/1.png': 'a',
      'good/2.png': 'b',
      'good/3.png': 'c',
      'dent/4.png': 'a',
      'dent/5.png': 'd',
      'dent/6.png': 'd',
      'good/empty.png': '',
      'dent/empty.png': '',
    })
    const facts = await said()
    expect(facts.map((f) => f.message)).toEqual([
      expect.stringMatching(
        /^DAT_REPEATED: .*one truth.*found 2 images of 1 pictures: dent\/4\.png = good\/1\.png; decide/,
      ),
      expect.stringMatching(
        /^DAT_REPEATED: .*each picture once.*found 2 images of 1 pictures: dent\/5\.png = dent\/6\.png;/,
      ),
    ])
    expect(facts.map((f) => errorText(f).zh)).toEqual([
      expect.stringMatching(
        /^DAT_REPEATED:数据集中有重复的图像.*标注不同;实际为 1 张图片共 2 个文件:.*请确定哪一个正确/,
      ),
      expect.stringMatching(/副本被当作独立工件计数.*请删除副本$/),
    ])
  })

  it('is a conflict where boxes differ, and none in a set of different ones', async () => {
    await at.tree({
      'data.yaml': 'train: images\nnames: [dent]\n',
      'images/a.jpg': null,
      'images/b.jpg': null,
      'labels/a.txt': '0 .5 .5 .5 .4',
      'labels/b.txt': '',
    })
    expect((await said()).map((f) => f.message)).toEqual([
      expect.stringMatching(/one truth for each picture/),
    ])
    await pictures({ 'images/b.jpg': 'x' })
    expect(await said()).toEqual([])
  })
})

it('what readers say is said in Chinese, too', async () => {
  await pictures({ 'dent/1.png': 'a', 'scratch/2.png': 'b' })
  const set = await openDataset(at.dir)
  expect(set.leftOut.map((f) => errorText(f))).toEqual([
    {
      en: expect.stringMatching(
        /expected a folder whose name means a good part: every part counts as bad; found 2: dent, scratch;/,
      ) as string,
      zh: `DAT_TRUTH:数据集未说明其工件的真实情况(${at.dir});应为 有名称表示良品的文件夹:现所有工件按不良品计;实际为 2: dent, scratch;如有良品,请用 --good 指出其文件夹`,
    },
  ])
})
