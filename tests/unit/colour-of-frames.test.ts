import { afterAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import type { Colour, FrameFormat } from '../../contracts/index.ts'
import { decodeFrame, inspect, prepareRecipe } from '../../inspection/index.ts'
import { ColourSeen, type Pixels } from '../../models/index.ts'
import { toyCard, type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'
import { context, raw, recipeOf } from './samples/inspection-recipes.ts'

const SIZE = [16, 12] as const
const [widthPx, heightPx] = SIZE
const COUNT = widthPx * heightPx
const encoded: FrameFormat = { kind: 'encoded', mime: '' }

const grey = Buffer.from(Uint8Array.from({ length: COUNT }, (_, i) => 90 + (i % 50)))
const equal = Buffer.from([...grey].flatMap((g) => [g, g, g]))
/** The same picture with some pixels in colour. */
const coloured = (pixels: number): Buffer => {
  const out = Buffer.from(equal)
  for (let i = 0; i < pixels; i++) out[3 * i] = 250
  return out
}
const file = (data: Buffer, channels: 1 | 3) => {
  const image = sharp(data, { raw: { width: widthPx, height: heightPx, channels } })
  return channels === 1 ? image.toColourspace('b-w') : image
}

const packages: ToyPackage[] = []
afterAll(() => Promise.all(packages.map((p) => p.remove())))

/** Judges frames by a classifier of three channels, whose card says what it was taught with. */
async function judging(colour: Colour | undefined, more: Record<string, unknown> = {}) {
  const toy = await writeToyPackage({
    toy: { kind: 'classification', gain: [1, 0.5], bias: [0, 0] },
    size: { widthPx, heightPx },
    channels: 3,
    ...(colour && { colour }),
  })
  packages.push(toy)
  const recipe = recipeOf(
    SIZE,
    [{ id: 'm', use: 'model@1', model: toy.id, sha256: toy.sha256, threshold: 0.5 }],
    {
      view: { widthPx, heightPx, color: 'rgb' },
      ...more,
    },
  )
  const setup = { modelDirs: [toy.root], providers: ['cpu' as const], trustedKeys: toy.trustedKeys }
  const prepared = await prepareRecipe({ recipe, dir: '.' }, { ...setup, intraOpThreads: 1 })
  return async (bytes: Uint8Array, format: FrameFormat = encoded): Promise<string> => {
    const { verdict } = await inspect({ bytes, format }, prepared, context)
    return verdict.noVerdict === null ? 'judged' : verdict.noVerdict.message
  }
}

describe('a frame without colour before a model that was taught with colour', () => {
  it('is no picture of that camera, however it is stored', async () => {
    const judge = await judging('shown')
    expect(await judge(coloured(1), raw(SIZE, 'rgb8'))).toBe('judged')
    expect(await judge(await file(coloured(40), 3).jpeg().toBuffer())).toBe('judged')
    for (const [bytes, format] of [
      [grey, raw(SIZE)],
      [await file(grey, 1).jpeg().toBuffer(), encoded],
      [await file(grey, 1).png().toBuffer(), encoded],
    ] as const)
      expect(await judge(bytes, format)).toMatch(/INS_IMAGE_FORMAT.*in colour.*toy.*1 channel/)
    for (const [bytes, format] of [
      [equal, raw(SIZE, 'rgb8')],
      [await file(equal, 3).jpeg().toBuffer(), encoded],
      [await file(equal, 3).png({ palette: true }).toBuffer(), encoded],
    ] as const)
      expect(await judge(bytes, format)).toMatch(/INS_IMAGE_FORMAT.*3 channels are equal.*RGB8/)
  })

  it('may have three equal channels where such were taught, too, but not one', async () => {
    const judge = await judging('channels')
    expect(await judge(equal, raw(SIZE, 'rgb8'))).toBe('judged')
    expect(await judge(grey, raw(SIZE))).toMatch(/INS_IMAGE_FORMAT/)
  })

  it('is judged as ever where nothing is known of colour, and where the recipe says so', async () => {
    expect(await (await judging(undefined))(grey, raw(SIZE))).toBe('judged')
    expect(await (await judging('shown', { gate: { colour: 'any' } }))(grey, raw(SIZE))).toBe('judged')
  })

  it('is refused by the recipe for models of which nothing is known', async () => {
    const judge = await judging(undefined, { gate: { colour: 'shown' } })
    expect(await judge(equal, raw(SIZE, 'rgb8'))).toMatch(/INS_IMAGE_FORMAT.*gate\.colour/)
  })

  it('comes from a view in colour, or nothing is judged', async () => {
    const mono = { view: { widthPx, heightPx, color: 'mono' } }
    await expect(judging('shown', mono)).rejects.toThrow(/CFG_INVALID.*view\.color.*rgb.*found `mono`/)
    expect(await (await judging(undefined, mono))(equal, raw(SIZE, 'rgb8'))).toBe('judged')
  })
})

describe('what taught pictures tell of colour', () => {
  const picture = (data: Uint8Array): Pixels => ({ data, widthPx, heightPx, channels: 3 })
  const stored = (): Promise<Pixels> => decodeFrame(grey, raw(SIZE), { widthPx, heightPx, color: 'rgb' })
  const card = (colour?: Colour) =>
    toyCard({
      toy: { kind: 'classification', gain: [1], bias: [0] },
      channels: 3,
      ...(colour && { colour }),
    })
  const seen = async (pictures: (Pixels | Promise<Pixels>)[], before?: Colour | 'unknown') => {
    const of = new ColourSeen(before && card(before === 'unknown' ? undefined : before))
    for (const p of pictures) of.add(await p)
    return [of.demand, of.note?.en.slice(0, 6) ?? null]
  }
  const [red, same] = [picture(coloured(40)), picture(equal)]

  it('is asked of frames only as far as all of them have it', async () => {
    expect(await seen([red, red])).toEqual(['shown', null])
    expect(await seen([red, same])).toEqual(['channels', '1 of 2'])
    expect(await seen([red, stored()])).toEqual([undefined, '1 of 2'])
    expect(await seen([same, same])).toEqual([undefined, null])
    expect(await seen([stored()])).toEqual([undefined, null])
  })

  it('holds for a new version with what was taught before', async () => {
    expect(await seen([red], 'shown')).toEqual(['shown', null])
    expect(await seen([], 'shown')).toEqual(['shown', null])
    expect(await seen([same], 'shown')).toEqual(['channels', null])
    expect(await seen([red], 'channels')).toEqual(['channels', null])
    expect((await seen([red], 'unknown'))[0]).toBeUndefined()
  })

  it('stands in the card', () => {
    const of = new ColourSeen()
    of.add(red)
    expect(of.told(card()).inputs[0]?.colour).toBe('shown')
  })
})
