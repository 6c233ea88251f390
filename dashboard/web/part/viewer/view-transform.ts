/** Part px → canvas px (CSS): x · scale + tx. */
export interface ViewTransform {
  scale: number
  tx: number
  ty: number
}

export interface Size {
  w: number
  h: number
}

const MIN_SCALE = 0.02
const MAX_SCALE = 64
const MARGIN = 0.97

/** The whole part, centred. */
export function fitView(part: Size, canvas: Size): ViewTransform {
  const scale = Math.min(canvas.w / part.w, canvas.h / part.h) * MARGIN
  return { scale, tx: (canvas.w - part.w * scale) / 2, ty: (canvas.h - part.h * scale) / 2 }
}

/** One image pixel on one pixel of the screen, keeping the centre of what is seen. */
export function trueSizeView(view: ViewTransform, canvas: Size, dpr: number): ViewTransform {
  return zoomTo(view, 1 / dpr, canvas.w / 2, canvas.h / 2)
}

/** Zooms by a factor with the point under the cursor staying where it is. */
export const zoomAt = (view: ViewTransform, factor: number, x: number, y: number): ViewTransform =>
  zoomTo(view, view.scale * factor, x, y)

function zoomTo(view: ViewTransform, wanted: number, x: number, y: number): ViewTransform {
  // A picture of a few pixels, or of very many, fits only beyond the bounds: from there, too, larger is larger.
  const [least, most] = [Math.min(MIN_SCALE, view.scale), Math.max(MAX_SCALE, view.scale)]
  const scale = Math.min(most, Math.max(least, wanted))
  const real = scale / view.scale
  return { scale, tx: x - (x - view.tx) * real, ty: y - (y - view.ty) * real }
}

export const panBy = (view: ViewTransform, dx: number, dy: number): ViewTransform => ({
  ...view,
  tx: view.tx + dx,
  ty: view.ty + dy,
})

export const toPart = (view: ViewTransform, x: number, y: number): { x: number; y: number } => ({
  x: (x - view.tx) / view.scale,
  y: (y - view.ty) / view.scale,
})

/** Brings a box to the middle, large enough to judge it. */
export function focusBox(box: readonly [number, number, number, number], canvas: Size): ViewTransform {
  const [x1, y1, x2, y2] = box
  const scale = Math.min(MAX_SCALE, Math.min(canvas.w / (x2 - x1), canvas.h / (y2 - y1)) / 5)
  return { scale, tx: canvas.w / 2 - ((x1 + x2) / 2) * scale, ty: canvas.h / 2 - ((y1 + y2) / 2) * scale }
}
