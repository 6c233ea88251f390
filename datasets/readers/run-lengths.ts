import { type Box, CodedError } from '../../contracts/index.ts'

/**
 * A mask as COCO writes it: lengths of runs down the columns, columns from left to right, the first run outside
 * (pycocotools, `maskApi.h`).
 */
export interface RunLengths {
  widthPx: number
  heightPx: number
  counts: readonly number[]
}

/** Longest number a run needs: 7 characters of 5 bits. */
const MOST_CHARACTERS = 7

/**
 * Run lengths from their compressed text (`rleFrString`): 5 bits a character, the least significant first, 0x20 says that
 * more follow, 0x10 of the last is the sign; from the third but one on each number is the difference to the one two before.
 *
 * @throws DAT_ANNOTATION
 */
export function countsOfText(text: string): number[] {
  const counts: number[] = []
  let at = 0
  const refuse = (actual: string): CodedError =>
    new CodedError('DAT_ANNOTATION', {
      path: `counts, character ${at + 1}`,
      expected: 'run lengths as pycocotools writes them',
      actual,
    })
  while (at < text.length) {
    let value = 0
    let unit = 1
    for (let n = 1, more = true; more; n++) {
      const code = text.charCodeAt(at) - 48
      if (Number.isNaN(code)) throw refuse('the end in the middle of a number')
      if (code < 0 || code > 63) throw refuse(JSON.stringify(text[at]))
      if (n > MOST_CHARACTERS) throw refuse('a number without end')
      value += (code & 0x1f) * unit
      unit *= 32
      more = (code & 0x20) !== 0
      if (!more && (code & 0x10) !== 0) value -= unit
      at += 1
    }
    const run = value + (counts.length > 2 ? (counts[counts.length - 2] ?? 0) : 0)
    if (run < 0) throw refuse(`a run of ${run} px`)
    counts.push(run)
  }
  return counts
}

/** The half-open box around what lies inside; a run over the end of a column fills the height (`rleToBbox`). */
export function boundsOfRuns({ heightPx, counts }: RunLengths): Box {
  let [x1, y1, x2, y2] = [Infinity, Infinity, 0, 0]
  eachRun(counts, (from, to) => {
    const [left, right] = [Math.floor(from / heightPx), Math.floor((to - 1) / heightPx)]
    ;[x1, x2] = [Math.min(x1, left), Math.max(x2, right + 1)]
    const over = left < right
    y1 = Math.min(y1, over ? 0 : from % heightPx)
    y2 = Math.max(y2, over ? heightPx : ((to - 1) % heightPx) + 1)
  })
  return x2 === 0 ? [0, 0, 0, 0] : [x1, y1, x2, y2]
}

/** @returns HW, 1 inside */
export function maskOfRuns({ widthPx, heightPx, counts }: RunLengths): Uint8Array {
  const mask = new Uint8Array(widthPx * heightPx)
  eachRun(counts, (from, to) => {
    for (let i = from; i < to; i++) mask[(i % heightPx) * widthPx + Math.floor(i / heightPx)] = 1
  })
  return mask
}

/** @param mask HW, not 0 inside */
export function runsOfMask(mask: Uint8Array, widthPx: number, heightPx: number): RunLengths {
  const counts = [0]
  let inside = false
  for (let x = 0; x < widthPx; x++)
    for (let y = 0; y < heightPx; y++) {
      if ((mask[y * widthPx + x] !== 0) !== inside) {
        counts.push(0)
        inside = !inside
      }
      counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1
    }
  return { widthPx, heightPx, counts }
}

/** Runs inside, as half-open ranges of places down the columns; empty ones are left out. */
function eachRun(counts: readonly number[], run: (from: number, to: number) => void): void {
  let from = 0
  counts.forEach((length, n) => {
    if (n % 2 === 1 && length > 0) run(from, from + length)
    from += length
  })
}
