import { CodedError } from '../../contracts/index.ts'
import { sizeText } from '../../models/index.ts'
import { pixelsOf } from '../images/pixels-of.ts'

/** From this grey on a pixel of a mask counts. */
const BRIGHT = 128
/** Each cell is compared with each box: an outline in more pieces is noise, or a photograph. */
const MOST_BOXES = 20_000

/**
 * The dark part of a mask as boxes, px of the images: runs of a row, joined with equal runs of the rows below.
 *
 * @param size of the images
 * @throws TCH_IMAGES when the mask is of another size, dark everywhere, or too ragged; INS_*, CFG_MISSING_FILE
 */
export async function darkBoxes(
  file: string,
  size: { widthPx: number; heightPx: number },
): Promise<[number, number, number, number][]> {
  const { data, widthPx, heightPx } = await pixelsOf(file, 'mono')
  const refused = (expected: string, actual: string, zh: { expected: string; actual?: string }): CodedError =>
    new CodedError('TCH_IMAGES', { file, path: 'mask', expected, actual, zh })
  if (widthPx !== size.widthPx || heightPx !== size.heightPx)
    throw refused(`a mask of the size of the images, ${sizeText(size)}`, sizeText({ widthPx, heightPx }), {
      expected: `与图像尺寸相同的掩膜,${sizeText(size)}`,
    })
  if (!data.some((v) => v >= BRIGHT))
    throw refused('a mask that is bright where the image counts', 'all dark', {
      expected: '在需要检查的区域为亮色的掩膜',
      actual: '全部为暗色',
    })
  const boxes: [number, number, number, number][] = []
  let open = new Map<string, number>()
  for (let y = 0; y < heightPx; y++) {
    const now = new Map<string, number>()
    for (const [from, to] of darkRuns(data.subarray(y * widthPx, (y + 1) * widthPx))) {
      const key = `${from} ${to}`
      const above = open.get(key)
      const at = above ?? boxes.length
      boxes[at] = [from, boxes[at]?.[1] ?? y, to, y + 1]
      now.set(key, at)
    }
    open = now
    if (boxes.length > MOST_BOXES)
      throw refused('a mask of areas with smooth outlines', `more than ${MOST_BOXES} pieces of rows`, {
        expected: '轮廓平滑的掩膜',
        actual: `超过 ${MOST_BOXES} 段`,
      })
  }
  return boxes
}

function darkRuns(row: Uint8Array): [from: number, to: number][] {
  const runs: [number, number][] = []
  for (let x = 0; x < row.length; x++) {
    if ((row[x] ?? 0) >= BRIGHT) continue
    const from = x
    while (x < row.length && (row[x] ?? 0) < BRIGHT) x++
    runs.push([from, x])
  }
  return runs
}
