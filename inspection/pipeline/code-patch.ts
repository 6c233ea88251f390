import { cropRotated, enlarge } from '../kernels/index.ts'

/** Left, top, right, bottom in px, half-open. */
export type Box = readonly [number, number, number, number]

/** A part of an image as the reader takes it, and where its points lie in the image. */
export interface Patch {
  /** Binary PGM, which the reader takes with one byte per pixel instead of four. */
  file: Uint8Array
  /** HW, the pixels of `file`. */
  grey: Uint8Array
  widthPx: number
  heightPx: number
  toImage(x: number, y: number): readonly [number, number]
}

function emptyPatch(widthPx: number, heightPx: number, toImage: Patch['toImage']): Patch {
  const header = Buffer.from(`P5 ${widthPx} ${heightPx} 255\n`, 'latin1')
  const file = new Uint8Array(header.length + widthPx * heightPx)
  file.set(header)
  return { file, grey: file.subarray(header.length), widthPx, heightPx, toImage }
}

/** A box of a grey image. */
export function uprightPatch(grey: Uint8Array, widthPx: number, [x1, y1, x2, y2]: Box): Patch {
  const width = x2 - x1
  const patch = emptyPatch(width, y2 - y1, (x, y) => [x + x1, y + y1])
  for (let y = y1, to = 0; y < y2; y++, to += width)
    patch.grey.set(grey.subarray(y * widthPx + x1, y * widthPx + x2), to)
  return patch
}

/** A box of a grey image and what is about it, turned about its middle. */
export function turnedPatch(grey: Uint8Array, widthPx: number, [x1, y1, x2, y2]: Box, angle: number): Patch {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const width = Math.ceil((x2 - x1) * Math.abs(cos) + (y2 - y1) * Math.abs(sin))
  const height = Math.ceil((x2 - x1) * Math.abs(sin) + (y2 - y1) * Math.abs(cos))
  const [cx, cy] = [(x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2]
  const patch = emptyPatch(width, height, (x, y) => {
    const [qx, qy] = [x - (width - 1) / 2, y - (height - 1) / 2]
    return [Math.round(cos * qx - sin * qy + cx), Math.round(sin * qx + cos * qy + cy)]
  })
  cropRotated(grey, widthPx, grey.length / widthPx, cx, cy, angle, width, height, patch.grey)
  return patch
}

/** A box of a patch, enlarged; its points are those of the patch. */
export function enlargedPatch(patch: Patch, box: Box, factor: number): Patch {
  const part = uprightPatch(patch.grey, patch.widthPx, box)
  const [width, height] = [Math.round(part.widthPx * factor), Math.round(part.heightPx * factor)]
  const out = emptyPatch(width, height, (x, y) => part.toImage(x / factor, y / factor))
  enlarge(
    part.grey,
    part.widthPx,
    part.heightPx,
    width,
    height,
    new Uint8Array(width * part.heightPx),
    out.grey,
  )
  return out
}
