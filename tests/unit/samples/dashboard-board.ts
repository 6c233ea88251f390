import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

export const BOARD_PX = 640

export interface Flaw {
  class: string
  box: readonly [number, number, number, number]
}

/** Places where the drawing below can be broken, in px of the board. */
export const FLAWS: readonly Flaw[] = [
  { class: 'open', box: [300, 150, 330, 172] },
  { class: 'short', box: [180, 298, 204, 342] },
  { class: 'spur', box: [420, 236, 448, 262] },
  { class: 'pin-hole', box: [492, 402, 512, 422] },
]

/** A grey board drawn for these tests: traces, pads, a silk-screen frame, and the given flaws. */
export async function drawBoard(flaws: readonly Flaw[], shade: number): Promise<Buffer> {
  const traces = [161, 249, 320, 401, 480]
    .map((y, i) => `<path d="M60 ${y} H${520 - i * 24} L${560 - i * 20} ${y + 40} V600" />`)
    .join('')
  const second = `<path d="M60 299 H420 M60 341 H400" />`
  const pads = Array.from({ length: 40 }, (_, i) => {
    const x = 90 + (i % 10) * 52
    const y = 60 + Math.floor(i / 10) * 24
    return `<circle cx="${x}" cy="${y}" r="8"/>`
  }).join('')
  const patches = flaws.map(({ class: kind, box: [x1, y1, x2, y2] }) => {
    if (kind === 'short')
      return `<rect x="${x1 + 7}" y="${y1}" width="9" height="${y2 - y1}" fill="#d8d8d8"/>`
    if (kind === 'spur')
      return `<path d="M${x1 + 4} ${y2 - 10} L${x1 + 14} ${y1 + 2} L${x2 - 4} ${y2 - 10} Z" fill="#d8d8d8"/>`
    return `<rect x="${x1 + 8}" y="${y1 + 4}" width="${x2 - x1 - 16}" height="${y2 - y1 - 8}" fill="#303030"/>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${BOARD_PX}" height="${BOARD_PX}">
<rect width="100%" height="100%" fill="rgb(${shade},${shade},${shade})"/>
<rect x="24" y="24" width="592" height="592" fill="none" stroke="#707070" stroke-width="2"/>
<g fill="none" stroke="#d8d8d8" stroke-width="9">${traces}${second}</g><g fill="#e8e8e8">${pads}</g>
<rect x="470" y="380" width="90" height="64" fill="#d8d8d8"/><circle cx="560" cy="520" r="20" fill="#e8e8e8"/>${patches.join('')}</svg>`
  const { data } = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer({ resolveWithObject: true })
  return data
}

/** Keeps grey pixels as the image store does: a PGM named by its SHA-256. */
export function storePgm(dir: string, pixels: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(`P5\n${BOARD_PX} ${BOARD_PX}\n255\n`), pixels])
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, `${sha256}.pgm`), bytes)
  return sha256
}
