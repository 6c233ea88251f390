import type { TeachImage } from '../../../models/index.ts'
import { seededRandom } from '../../../models/teach/random.ts'

const SIDE = 128
const SPOTS = 25

/** A grey plate with spots of its own; each photograph has its own light and noise and is moved by up to 2 px. */
export function photograph(part: number, photo: number): TeachImage {
  return {
    name: `part${part}_${photo}.png`,
    load: () => {
      const own = seededRandom(part + 1)
      const spots = Array.from({ length: SPOTS }, () => ({
        x: SIDE * own(),
        y: SIDE * own(),
        radius: 2 + 5 * own(),
        grey: 80 * own() - 40,
      }))
      const random = seededRandom(1_000 * part + photo + 7)
      const [dx, dy, light] = [4 * random() - 2, 4 * random() - 2, 0.95 + 0.1 * random()]
      const data = new Uint8Array(SIDE * SIDE * 3)
      for (let y = 0; y < SIDE; y++)
        for (let x = 0; x < SIDE; x++) {
          let grey = 120 + 4 * (random() - 0.5)
          for (const s of spots) if (Math.hypot(x - s.x - dx, y - s.y - dy) < s.radius) grey += s.grey
          data.fill(Math.round(light * grey), (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3)
        }
      return Promise.resolve({ data, widthPx: SIDE, heightPx: SIDE, channels: 3 as const })
    },
  }
}

export const photographs = (parts: number, each: number): TeachImage[] =>
  Array.from({ length: parts * each }, (_, i) => photograph(Math.floor(i / each), i % each))
