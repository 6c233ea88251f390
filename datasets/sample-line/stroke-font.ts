import { fillPolyline, type Layer, type Point } from './raster.kernel.ts'

/** Upper-case stroke letters on a grid 4 wide and 6 high, as board legends are drawn: polylines "xy xy|xy xy". */
const GLYPHS: Record<string, string> = {
  A: '06 02 20 42 46|04 44',
  B: '06 00 30 41 42 33 03|33 44 45 36 06',
  C: '41 30 10 01 05 16 36 45',
  D: '06 00 30 41 45 36 06',
  E: '40 00 06 46|03 33',
  F: '40 00 06|03 33',
  G: '41 30 10 01 05 16 36 45 43 23',
  H: '00 06|40 46|03 43',
  I: '10 30|20 26|16 36',
  J: '40 45 36 16 05',
  K: '00 06|40 03 46',
  L: '00 06 46',
  M: '06 00 23 40 46',
  N: '06 00 46 40',
  O: '10 30 41 45 36 16 05 01 10',
  P: '06 00 30 41 42 33 03',
  Q: '10 30 41 45 36 16 05 01 10|24 46',
  R: '06 00 30 41 42 33 03|23 46',
  S: '41 30 10 01 02 13 33 44 45 36 16 05',
  T: '00 40|20 26',
  U: '00 05 16 36 45 40',
  V: '00 26 40',
  W: '00 16 23 36 40',
  X: '00 46|40 06',
  Y: '00 23 40|23 26',
  Z: '00 40 06 46',
  '0': '10 30 41 45 36 16 05 01 10|14 32',
  '1': '11 20 26|16 36',
  '2': '01 10 30 41 42 06 46',
  '3': '01 10 30 41 42 33 44 45 36 16 05|13 33',
  '4': '36 30 04 44',
  '5': '40 00 03 33 44 45 36 06',
  '6': '40 20 02 05 16 36 45 44 33 03',
  '7': '00 40 16',
  '8': '10 30 41 42 33 13 02 01 10|13 04 05 16 36 45 44 33',
  '9': '06 26 44 41 30 10 01 02 13 43',
  '-': '13 33',
  '+': '13 33|22 24',
  '.': '26 26',
  '/': '06 40',
  ':': '22 22|25 25',
  '(': '30 11 15 36',
  ')': '10 31 35 16',
}

/** Distance from one letter to the next, in letter heights. */
const ADVANCE = 1

/**
 * Draws upper-case text with its top left at (x, y); a character without a glyph is left blank.
 *
 * @param quarterTurns 1 = reading downwards
 */
export function drawText(
  out: Layer,
  text: string,
  x: number,
  y: number,
  heightPx: number,
  strokePx: number,
  quarterTurns: 0 | 1 = 0,
): void {
  const unit = heightPx / 6
  for (let n = 0; n < text.length; n++) {
    const glyph = GLYPHS[text[n] ?? '']
    if (glyph === undefined) continue
    for (const line of glyph.split('|')) {
      const points = line.split(' ').map((p): Point => {
        const u = Number(p[0]) * unit + n * ADVANCE * heightPx
        const v = Number(p[1]) * unit
        return quarterTurns === 0 ? [x + u, y + v] : [x + heightPx - v, y + u]
      })
      fillPolyline(out, points, strokePx)
    }
  }
}
