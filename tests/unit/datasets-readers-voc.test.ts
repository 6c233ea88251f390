import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDataset } from '../../datasets/index.ts'
import { boxesOf, datasetFolder } from './samples/dataset-folder.ts'

const at = datasetFolder()

describe('Pascal VOC', () => {
  const xml = (object: string): string =>
    `<annotation>\n<filename>a.jpg</filename>\n<object>\n${object}\n</object>\n</annotation>\n`
  const box = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>8</ymax></bndbox>'

  it('turns 1-based inclusive corners into half-open boxes, and reads splits', async () => {
    await at.tree({
      'Annotations/a.xml': xml(`<name>crack</name>${box}`),
      'JPEGImages/a.jpg': null,
      'ImageSets/Main/val.txt': 'a\n',
    })
    const set = await openDataset(at.dir)
    expect([set.format, set.classes, set.items[0]?.split]).toEqual(['voc', ['crack'], 'val'])
    expect(boxesOf(set)).toEqual([[['crack', 0, 1, 10, 8]]])
  })

  it.each([
    ['an object without name', xml(box), /a\.xml, line 3.*name/],
    ['a box without numbers', xml('<name>x</name><bndbox></bndbox>'), /line 3.*bndbox/],
    ['an object that is closed at once', '<annotation><object/></annotation>', /1 opened, 0 closed/],
    ['an empty number', xml(`<name>x</name>${box.replace('>1<', '><')}`), /line 3.*found NaN 2 10 8/],
    ['the name of a part', xml(`${box}<part><name>head</name></part>`), /line 3.*name/],
    [
      'the name of an attribute',
      xml(`${box}<attributes><attribute><name>rotation</name></attribute></attributes>`),
      /line 3.*name/,
    ],
    ['a second box of an object', xml(`<name>x</name>${box}${box}`), /line 3.*one <bndbox>.*found 2/],
    [
      'another size than the image has',
      xml(`<name>x</name>${box}`).replace(
        '<object>',
        '<size><width>40</width><height>20</height></size><object>',
      ),
      /a\.xml, width and height of a\.jpg.*expected 20 × 10 px.*found 40 × 20 px/,
    ],
    ['a document cut off', `<annotation>\n<object>\n<name>x</name>`, /a\.xml, line 1.*complete/],
  ])('refuses %s', async (_, text, message) => {
    await at.tree({ 'annotations/a.xml': text, 'images/a.jpg': null })
    await expect(openDataset(at.dir, { format: 'voc' })).rejects.toThrow(message)
  })

  it('reads objects with attributes, and none in comments', async () => {
    const object = xml(`<name>x</name>${box}`)
    const commented = object.replace('<object>', '<!-- <object>').replace('</object>', '</object> -->')
    await at.tree({
      'Annotations/a.xml': object.replace('<object>', '<object id="1">'),
      'JPEGImages/a.jpg': null,
      'Annotations/b.xml': commented,
      'JPEGImages/b.jpg': null,
    })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['x', 0, 1, 10, 8]], []])
  })

  it('reads past elements that are closed at once, and what stands behind them', async () => {
    const attribute = '<attributes><attribute><name>rotation</name></attribute></attributes>'
    await at.tree({
      'annotations/a.xml': xml(`<attributes /><part/><bndbox/><name>x</name>${box}${attribute}`),
      'images/a.jpg': null,
    })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['x', 0, 1, 10, 8]]])
  })

  it('reads names with blanks and with the sign of a class in lists of splits', async () => {
    const notes = xml(`<name>&#21010;&#x75D5;</name>${box}`)
    const names = ['a b', 'c', 'd 1', 'e']
    await at.tree({
      ...Object.fromEntries(names.map((n) => [`Annotations/${n}.xml`, notes])),
      ...Object.fromEntries(names.map((n) => [`JPEGImages/${n}.jpg`, null])),
      'ImageSets/Main/test.txt': 'a b\r\nc  -1\r\nd 1\r\ne.jpg\r\n',
    })
    const { items, classes } = await openDataset(at.dir)
    expect(items.map((i) => i.split)).toEqual(['test', 'test', 'test', 'test'])
    expect(classes).toEqual(['划痕'])
  })

  it('reads XML beside its image, sub-folders of images, and names with entities', async () => {
    await at.tree({ 'a.jpg': null, 'a.xml': xml(`<name>R&amp;D</name>${box}`) })
    expect(boxesOf(await openDataset(at.dir))).toEqual([[['R&D', 0, 1, 10, 8]]])
    await at.tree({ 'annotations/b.XML': xml(`<name>x</name>${box}`), 'images/x/b.jpg': null })
    expect((await openDataset(at.dir)).items.map((i) => i.image)).toEqual([join(at.dir, 'images/x/b.jpg')])
  })

  it('refuses to choose between two images of one name', async () => {
    await at.tree({
      'annotations/a.xml': xml(`<name>x</name>${box}`),
      'images/1/a.jpg': null,
      'images/2/a.jpg': null,
    })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*one image a .*1\/a\.jpg, 2\/a\.jpg/)
    await at.tree({ 'images/a.jpg': null })
    expect((await openDataset(at.dir)).items.map((i) => i.image)).toEqual([join(at.dir, 'images/a.jpg')])
  })

  it('refuses annotations that are no UTF-8: their classes would be other ones', async () => {
    await at.tree({ 'a.jpg': null })
    // 划痕 in GBK.
    const [head, tail] = xml(`<name>~</name>${box}`).split('~')
    const gbk = Buffer.concat([
      Buffer.from(head ?? ''),
      Buffer.from('bbaebadb', 'hex'),
      Buffer.from(tail ?? ''),
    ])
    await writeFile(join(at.dir, 'a.xml'), gbk)
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*a\.xml.*UTF-8/)
  })

  describe('XML that says its encoding', () => {
    const gbk = (encoding: string, name: string): Buffer => {
      const [head = '', tail = ''] =
        `<?xml version="1.0" encoding="${encoding}"?>\n${xml(`<name>~</name>${box}`)}`.split('~')
      return Buffer.concat([Buffer.from(head), Buffer.from(name, 'hex'), Buffer.from(tail)])
    }

    // By Python's codec `gbk`.
    it.each(['GBK', 'gb2312', 'gb18030'])('is read in %s', async (encoding) => {
      await at.tree({ 'a.jpg': null })
      await writeFile(join(at.dir, 'a.xml'), gbk(encoding, 'bbaebadb'))
      expect(boxesOf(await openDataset(at.dir))).toEqual([[['划痕', 0, 1, 10, 8]]])
    })

    it('is read as the UTF-8 that it is where an editor saved it anew', async () => {
      await at.tree({ 'a.jpg': null })
      await writeFile(join(at.dir, 'a.xml'), gbk('gbk', Buffer.from('划痕').toString('hex')))
      expect((await openDataset(at.dir)).classes).toEqual(['划痕'])
    })

    it.each([
      ['bytes that its encoding has not', 'gbk', 'ff'],
      ['an encoding in which any bytes are letters', 'iso-8859-1', 'bbaebadb'],
    ])('is refused for %s', async (_, encoding, name) => {
      await at.tree({ 'a.jpg': null })
      await writeFile(join(at.dir, 'a.xml'), gbk(encoding, name))
      await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*a\.xml.*UTF-8/)
    })
  })

  it('names the image an annotation has lost', async () => {
    await at.tree({ 'annotations/a.xml': xml(`<name>x</name>${box}`), 'images/b.jpg': null })
    await expect(openDataset(at.dir)).rejects.toThrow(/DAT_LAYOUT.*a\.xml.*image a/)
  })
})
