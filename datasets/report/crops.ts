import type { Box } from '../../contracts/index.ts'
import type { EvaluatedImage } from '../evaluate/index.ts'
import { type CallThreshold, isCalled } from '../metrics/index.ts'
import { openImage } from '../readers/open-image.ts'
import { esc } from './html.ts'

/** Part of the image a crop shows. */
export interface Window {
  x: number
  y: number
  side: number
}

const SMALLEST_PX = 96

/** A square around a box with room to see the surroundings, inside the image. */
export function windowAround(box: Box, widthPx: number, heightPx: number): Window {
  const wanted = Math.max(SMALLEST_PX, 2.2 * Math.max(box[2] - box[0], box[3] - box[1]))
  const side = Math.round(Math.min(wanted, widthPx, heightPx))
  const place = (centre: number, size: number): number =>
    Math.round(Math.min(Math.max(0, centre - side / 2), size - side))
  return { x: place((box[0] + box[2]) / 2, widthPx), y: place((box[1] + box[3]) / 2, heightPx), side }
}

/** Data URL of a part of an image file, PNG; null when the file cannot be read any more. */
export async function crop(file: string, window: Window): Promise<string | null> {
  try {
    const png = await (
      await openImage(file)
    )
      .extract({ left: window.x, top: window.y, width: window.side, height: window.side })
      .png({ compressionLevel: 9, palette: true })
      .toBuffer()
    return `data:image/png;base64,${png.toString('base64')}`
  } catch {
    return null
  }
}

/** A whole image, made small. */
export async function thumbnail(file: string, side = 320): Promise<string | null> {
  try {
    const png = await (
      await openImage(file)
    )
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 85 })
      .toBuffer()
    return `data:image/jpeg;base64,${png.toString('base64')}`
  } catch {
    return null
  }
}

/** Boxes over a crop: truth green and dashed, what is ignored grey, calls from the threshold on red with class and score. */
export function overlay(image: EvaluatedImage, window: Window, threshold: CallThreshold): string {
  const rect = (b: Box, style: string): string =>
    `<rect x="${(b[0] - window.x).toFixed(1)}" y="${(b[1] - window.y).toFixed(1)}" width="${(b[2] - b[0]).toFixed(1)}" height="${(b[3] - b[1]).toFixed(1)}" fill="none" vector-effect="non-scaling-stroke" ${style}/>`
  const seen = (b: Box): boolean =>
    b[2] > window.x && b[3] > window.y && b[0] < window.x + window.side && b[1] < window.y + window.side
  const font = window.side / 17
  const label = (b: Box, text: string, fill: string, below: boolean): string =>
    `<text x="${Math.max(1, b[0] - window.x).toFixed(1)}" y="${(below ? Math.min(window.side - 2, b[3] - window.y + font) : Math.max(font, b[1] - window.y - font / 4)).toFixed(1)}" style="font-size:${font.toFixed(1)}px;fill:${fill};paint-order:stroke;stroke:#000;stroke-width:${(font / 5).toFixed(1)}px">${esc(text)}</text>`
  const truths = (image.truths ?? [])
    .filter((x) => seen(x.box))
    .map(
      (x) =>
        rect(x.box, `stroke="${x.crowd ? '#999' : '#23c26b'}" stroke-width="2" stroke-dasharray="5 3"`) +
        label(x.box, x.class, x.crowd ? '#bbb' : '#52e596', true),
    )
  const calls = image.detections
    .filter((d) => isCalled(d, threshold) && seen(d.box))
    .map(
      (d) =>
        rect(d.box, 'stroke="#ff4d3d" stroke-width="2"') +
        label(d.box, `${d.class} ${d.score.toFixed(2)}`, '#ff8377', false),
    )
  return `<svg viewBox="0 0 ${window.side} ${window.side}">${[...truths, ...calls].join('')}</svg>`
}
