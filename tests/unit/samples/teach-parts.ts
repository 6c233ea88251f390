import sharp from 'sharp'
import { PACKAGES_DIR, TRUSTED_KEYS_FILE, findBackbone, loadTrustedKeys } from '../../../models/index.ts'
import type { Backbone } from '../../../models/teach/backbone.ts'
import type { TeachImage } from '../../../models/index.ts'
import { seededRandom } from '../../../models/teach/random.ts'

export const deliveredBackbone = async (): Promise<Backbone> =>
  findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys(TRUSTED_KEYS_FILE))

/** A brushed plate with a ring, slightly different each time; `spot` paints a dark blot of 14 px. */
export function plate(seed: number, options: { spot?: boolean; widthPx?: number } = {}): TeachImage {
  const widthPx = options.widthPx ?? 128
  const heightPx = 128
  return {
    name: `plate-${seed}${options.spot ? '-spot' : ''}`,
    load: () => {
      const random = seededRandom(seed + 1)
      const dx = 2 * random() - 1
      const dy = 2 * random() - 1
      const data = new Uint8Array(widthPx * heightPx * 3)
      for (let y = 0; y < heightPx; y++)
        for (let x = 0; x < widthPx; x++) {
          const ring = Math.abs(Math.hypot(x - widthPx / 2 - dx, y - 64 - dy) - 40) < 4 ? 60 : 0
          const blot = options.spot === true && Math.hypot(x - 88, y - 40) < 7 ? -90 : 0
          const grey = 130 + 10 * Math.sin(y * 0.9) + ring + blot + 8 * (random() - 0.5)
          data.fill(Math.round(grey), (y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3)
        }
      return Promise.resolve({ data, widthPx, heightPx, channels: 3 as const })
    },
  }
}

export const plates = (from: number, count: number): TeachImage[] =>
  Array.from({ length: count }, (_, i) => plate(from + i))

/** Plate `n` as the bytes of a PNG. */
export async function platePng(n: number, how: Parameters<typeof plate>[1] = {}): Promise<Buffer> {
  const { data, widthPx, heightPx } = await plate(n, how).load()
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .png()
    .toBuffer()
}
