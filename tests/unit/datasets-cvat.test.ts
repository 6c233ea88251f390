import { expect, it } from 'vitest'
import { maskOfRuns, openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()
const of = (body: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta><task><labels><label><name>dent</name></label></labels></task></meta>\n${body}</annotations>\n`
const image = (name: string, shapes: string, more = ''): string =>
  `  <image id="0" name="${name}" width="20" height="10"${more}>\n${shapes}\n  </image>\n`

it('reads boxes, turned ones, outlines and masks of CVAT; an image without shapes is a good part', async () => {
  await at.tree({
    'images/a &amp b.jpg': null,
    'images/sub/c.jpg': null,
    'annotations.xml': of(
      `<!-- <image id="9" name="z.jpg"/> -->${image(
        'a &amp;amp b.jpg',
        `<box label="d&quot;1" occluded="0" xtl="1.5" ytl="2" xbr="10" ybr="8.5" z_order="0"><attribute name="size">3</attribute></box>
         <box label="turned" xtl="2" ytl="4" xbr="8" ybr="6" rotation="90.00"/>
         <polygon label="line" points="1,1;5,1;5,4" z_order="0"></polygon>
         <mask label="m" rle="1, 2, 3" left="4" top="5" width="3" height="2" z_order="0"/>`,
      )}${image('sub/c.jpg', '')}`,
    ),
  })
  const set = await openDataset(at.dir)
  expect([set.format, set.classes, set.leftOut]).toEqual(['cvat', ['d"1', 'line', 'm', 'turned'], []])
  expect(set.items.map((i) => [i.id, i.split, i.defective])).toEqual([
    ['images/a &amp b.jpg', 'all', null],
    ['images/sub/c.jpg', 'all', null],
  ])
  expect(boxesOf(set)).toEqual([
    [
      ['d"1', 1.5, 2, 10, 8.5],
      ['turned', 4, expect.closeTo(2), 6, expect.closeTo(8)],
      ['line', 1, 1, 5, 4],
      ['m', 5, 5, 7, 6],
    ],
    [],
  ])
  const runs = set.items[0]?.boxes?.[3]?.runs
  const marked = [...(runs ? maskOfRuns(runs) : [])].flatMap((v, i) => (v === 1 ? [i] : []))
  expect(marked).toEqual([105, 106])
})

it('takes tags for classes and subsets for splits', async () => {
  await at.tree({
    'images/Train/a.jpg': null,
    'images/Test/a.jpg': null,
    'annotations.xml': of(
      image('a.jpg', '<tag label="ok" source="manual"></tag>', ' subset="Train"') +
        image('a.jpg', '<tag label="dent"/>', ' subset="Test"'),
    ),
  })
  const set = await openDataset(at.dir)
  expect(set.items.map((i) => [i.id, i.split, i.label, i.defective])).toEqual([
    ['images/Train/a.jpg', 'train', 'ok', false],
    ['images/Test/a.jpg', 'test', 'dent', true],
  ])
})

const BOX = '<box label="a" xtl="1" ytl="1" xbr="5" ybr="5"/>'
it.each([
  [
    'one cut off',
    '<annotations>\n<image id="0" name="a.jpg">',
    /line 2\); expected a complete <annotations>/,
  ],
  [
    'tracks',
    of(`<track id="0" label="a">${BOX}</track>`),
    /line 5\).*found <track>; export .*CVAT for images 1\.1/,
  ],
  [
    'points',
    of(image('a.jpg', '<points label="a" points="1,1"/>')),
    /line 6\).*found <points>; draw a region/,
  ],
  ['a box the other way round', of(image('a.jpg', BOX.replace('"5"', '"0"'))), /expected numbers xtl ≤ xbr/],
  ['two points', of(image('a.jpg', '<polygon label="a" points="1,1;2,2"/>')), /expected three points/],
  [
    'runs that do not fill',
    of(image('a.jpg', '<mask label="a" rle="1,2" left="0" top="0" width="2" height="2"/>')),
    /found 3 px for 2 × 2/,
  ],
  ['another size', of(image('a.jpg', BOX).replace('width="20"', 'width="40"')), /expected 20 × 10 px/],
  ['an image that is not there', of(image('b.jpg', BOX)), /line 5\); expected one image b\.jpg .*found none/],
  ['an image twice', of(image('a.jpg', BOX) + image('a.jpg', BOX)), /every image once; found a\.jpg again/],
])('refuses %s', async (_, xml, message) => {
  await at.tree({ 'a.jpg': null, 'annotations.xml': xml })
  await expect(openDataset(at.dir)).rejects.toThrow(message)
})
