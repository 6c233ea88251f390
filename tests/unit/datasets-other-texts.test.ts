import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('texts that say other things than classes', () => {
  it.each([
    ['bytes', '48210', '51377'],
    ['sizes with a unit', '47KB', '50KB'],
    ['px', '640x480', '640x480'],
    ['exposures', '500us', '510us'],
    ['days', '2026-01-02', '2026-01-03'],
    ['seconds since 1970', '1767322800', '1767322813'],
    ['sums', '1A2B3C4D', 'c0ffee42'],
  ])('are no labels: %s of each image', async (_, a, b) => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null, 'list.txt': `a.jpg ${a}\nb.jpg ${b}\n` })
    expect((await openDataset(at.dir)).format).toBe('folder')
  })

  it.each([
    ['numbers', '0', '1'],
    ['words', 'ok', 'defaced'],
    ['numbers with words', '0_ok', '12-dent'],
    ['words of other scripts', '良品', '划痕'],
  ])('are labels: %s of classes behind each image', async (_, a, b) => {
    await at.tree({ 'a.jpg': null, 'b.jpg': null, 'list.txt': `a.jpg ${a}\nb.jpg ${b}\n` })
    await expect(openDataset(at.dir)).rejects.toThrow(/found labels such as list\.txt/)
  })

  it('do not refuse folders of classes, one of them good, beside measured values of each image', async () => {
    const values = '12.1 12.2 12.4 12.3\n12.0 12.2 12.5 12.3\n'
    await at.tree({
      'good/a.jpg': null,
      'dent/b.jpg': null,
      'heights/a.txt': values,
      'heights/b.txt': values,
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.items.map((i) => [i.label, i.defective])]).toEqual([
      'folder-per-class',
      [
        ['dent', true],
        ['good', false],
      ],
    ])
  })

  it('are labels of boxes where no folder says which parts are good', async () => {
    await at.tree({ 'image_2/a.jpg': null, 'label_2/a.txt': 'dent 0 0 0 1 2 9 8' })
    await expect(openDataset(at.dir)).rejects.toThrow(/found labels such as label_2\/a\.txt/)
  })
})
