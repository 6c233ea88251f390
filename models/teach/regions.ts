import { CodedError } from '../../contracts/index.ts'
import type { Box } from '../../contracts/index.ts'
import type { TeachData } from './teach-data.ts'

/**
 * Which cells count: those whose centre lies in a region to include and in none to exclude.
 *
 * @returns 1 or 0 per cell; null when all count
 * @throws TCH_IMAGES when none counts
 */
export function allowedCells({
  options,
  source,
  size,
}: Pick<TeachData, 'options' | 'source' | 'size'>): Float32Array<ArrayBuffer> | null {
  const { include, exclude } = options
  if (include.length === 0 && exclude.length === 0) return null
  const { width, height } = size.grid
  const allowed = new Float32Array(width * height)
  const inside = (x: number, y: number, [x1, y1, x2, y2]: Box): boolean =>
    x >= x1 && x < x2 && y >= y1 && y < y2
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++) {
      const x = ((u + 0.5) / width) * source.widthPx
      const y = ((v + 0.5) / height) * source.heightPx
      const wanted = include.length === 0 || include.some((b) => inside(x, y, b))
      if (wanted && !exclude.some((b) => inside(x, y, b))) allowed[v * width + u] = 1
    }
  if (!allowed.includes(1))
    throw new CodedError('TCH_IMAGES', {
      path: 'options.include',
      expected: 'regions that leave some of the image',
      actual: `none of ${width} x ${height} cells`,
      zh: { expected: '保留部分图像的区域', actual: `${width} x ${height} 个单元全部被排除` },
    })
  return allowed
}
