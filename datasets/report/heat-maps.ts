import sharp from 'sharp'
import type { ScoreMap } from '../../contracts/index.ts'
import type { EvaluatedImage, EvaluationResult } from '../evaluate/index.ts'
import { readMaskFile } from '../readers/read-mask.ts'
import { thumbnail } from './crops.ts'
import { esc, fixed, section, t } from './html.ts'

/** Below this share of the map's own range nothing is tinted, so that the part stays visible. */
const FLOOR = 0.1

/** A score map as a transparent picture, yellow to red like in the viewer; data URL. */
async function heat(map: ScoreMap): Promise<string> {
  const cells = Buffer.from(map.data, 'base64')
  const pixels = Buffer.alloc(cells.length * 4)
  cells.forEach((byte, i) => {
    const v = byte / 255
    pixels[4 * i] = 255
    pixels[4 * i + 1] = Math.round(230 * (1 - v))
    pixels[4 * i + 2] = 40
    pixels[4 * i + 3] = Math.round(200 * Math.min(1, Math.max(0, (v - FLOOR) / 0.5)))
  })
  return dataUrl(pixels, map.widthPx, map.heightPx)
}

/** A mask as green glass; null when it cannot be read any more. */
async function glass(file: string): Promise<string | null> {
  try {
    const mask = await readMaskFile(file)
    const { data, info } = await sharp(
      mask.data.map((v) => 255 * v),
      { raw: { width: mask.widthPx, height: mask.heightPx, channels: 1 } },
    )
      .resize(320, 320, { fit: 'inside' })
      .toColourspace('b-w')
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true })
    const pixels = Buffer.alloc(data.length * 4)
    data.forEach((v, i) => {
      if (v > 0) pixels.set([35, 194, 107, 150], 4 * i)
    })
    return await dataUrl(pixels, info.width, info.height)
  } catch {
    return null
  }
}

async function dataUrl(pixels: Buffer, width: number, height: number): Promise<string> {
  const png = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${png.toString('base64')}`
}

/** The bad parts of lowest score and the good parts of highest score, each with its score map. */
export async function heatMapSections(result: EvaluationResult): Promise<string> {
  const with_ = result.images.filter((i) => i.map !== null)
  if (with_.length === 0) return ''
  const byScore = (sign: number) => (a: EvaluatedImage, b: EvaluatedImage) =>
    sign * ((a.score ?? 0) - (b.score ?? 0))
  const bad = with_.filter((i) => i.defective === true).sort(byScore(1))
  const good = with_.filter((i) => i.defective === false).sort(byScore(-1))
  const note = t(
    'Right: score map, each coloured over its own range. Left: tested image, green where the mask says defect.',
    '右: 得分图, 各图按自身范围着色。左: 待测图像, 绿色为掩膜标注的缺陷。',
  )
  return (
    (await cases(t('Bad parts hardest to see', '最难发现的不良品'), bad, note)) +
    (await cases(t('Good parts most suspect', '最可疑的良品'), good, note))
  )
}

async function cases(title: string, images: readonly EvaluatedImage[], note: string): Promise<string> {
  if (images.length === 0) return ''
  const shown = await Promise.all(images.map(card))
  return section(`${title} (${images.length})`, `<div class="cases">${shown.join('')}</div>`, note)
}

async function card(image: EvaluatedImage): Promise<string> {
  const src = await thumbnail(image.image)
  const mask = image.mask === null ? null : await glass(image.mask)
  const layer = (url: string | null): string => (url === null ? '' : `<img class="over" alt="" src="${url}">`)
  const pane = (over: string, caption: string): string =>
    src === null
      ? `<figure><figcaption>${t('image not readable', '图像不可读')}</figcaption></figure>`
      : `<figure><img alt="" src="${src}">${over}<figcaption>${caption}</figcaption></figure>`
  const wrong = image.verdict === (image.defective === true ? 'pass' : 'fail')
  const tag = wrong
    ? image.defective === true
      ? `<span class="tag bad">${t('escape', '漏放')}</span> `
      : `<span class="tag warn">${t('overkill', '过杀')}</span> `
    : ''
  const map = image.map && (await heat(image.map))
  return `<div class="case"><div class="pair">${pane(layer(mask), t('tested', '待测'))}${pane(layer(map), t('score map', '得分图'))}</div><p>${tag}${t('score', '得分')} <b>${fixed(image.score, 3)}</b> · ${esc(image.verdict)}${image.label === null ? '' : ` · ${esc(image.label)}`}<br><small>${esc(image.id)}${image.map ? ` · ${t('map', '得分图')} ${fixed(image.map.min, 2)} … ${fixed(image.map.max, 2)}` : ''}</small></p></div>`
}
