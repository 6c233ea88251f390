import type { Finding, Measurement } from '../../api/types.ts'
import { classColour, COLOUR } from '../../look/theme.ts'
import type { LoadedImage } from './loaded-image.ts'
import { inverse, type Affine } from './placement.ts'
import type { Size, ViewTransform } from './view-transform.ts'

export interface Scene {
  view: ViewTransform
  canvas: Size
  dpr: number
  part: LoadedImage | null
  golden: LoadedImage | null
  partToImage: Affine
  /** Which picture fills which half: `flicker-golden` is the golden phase of flicker. */
  mode: 'part' | 'golden' | 'side'
  map: HTMLCanvasElement | null
  mapOpacity: number
  boxes: boolean
  findings: readonly Finding[]
  defects: ReadonlySet<string>
  measurements: readonly Measurement[]
  hovered: string | null
}

/** Draws one frame of the viewer. Everything lies in the part frame; the image is laid back into it. */
export function paint(context: CanvasRenderingContext2D, s: Scene): void {
  context.setTransform(s.dpr, 0, 0, s.dpr, 0, 0)
  context.fillStyle = '#05070a'
  context.fillRect(0, 0, s.canvas.w, s.canvas.h)
  if (s.mode !== 'side') {
    pane(context, s, 0, s.canvas.w, s.mode)
    return
  }
  const half = s.canvas.w / 2
  pane(context, s, 0, half, 'part')
  pane(context, s, half, half, 'golden')
  context.setTransform(s.dpr, 0, 0, s.dpr, 0, 0)
  context.fillStyle = COLOUR.line
  context.fillRect(half - 1, 0, 2, s.canvas.h)
}

function pane(
  context: CanvasRenderingContext2D,
  s: Scene,
  x: number,
  w: number,
  what: 'part' | 'golden',
): void {
  context.save()
  context.setTransform(s.dpr, 0, 0, s.dpr, 0, 0)
  context.beginPath()
  context.rect(x, 0, w, s.canvas.h)
  context.clip()
  const { scale, tx, ty } = s.view
  const inPart = (): void =>
    context.setTransform(s.dpr * scale, 0, 0, s.dpr * scale, s.dpr * (tx + x), s.dpr * ty)
  inPart()
  // Above one screen pixel per image pixel the pixels themselves are to be seen.
  context.imageSmoothingEnabled = scale * s.dpr < 1
  context.imageSmoothingQuality = 'high'
  const image = what === 'part' ? s.part : s.golden
  if (image) {
    if (what === 'part') context.transform(...inverse(s.partToImage))
    context.drawImage(image.bitmap, 0, 0)
    inPart()
  }
  const size = s.part ?? s.golden
  if (what === 'part' && s.map && s.mapOpacity > 0 && size) {
    context.globalAlpha = s.mapOpacity
    context.imageSmoothingEnabled = true
    context.drawImage(s.map, 0, 0, size.widthPx, size.heightPx)
    context.globalAlpha = 1
  }
  if (s.boxes) {
    for (const finding of s.findings) box(context, s, finding)
    for (const measurement of s.measurements) line(context, s, measurement)
  }
  context.restore()
}

function box(context: CanvasRenderingContext2D, s: Scene, finding: Finding): void {
  const { scale } = s.view
  const [x1, y1, x2, y2] = finding.box
  const condemned = s.defects.has(finding.id)
  const hovered = s.hovered === finding.id
  const width = (hovered ? 3.5 : condemned ? 2 : 1.2) / scale
  context.lineWidth = width
  context.strokeStyle = classColour(finding.class)
  context.setLineDash(condemned ? [] : [5 / scale, 4 / scale])
  // The stroke lies outside the box, so that no judged pixel is covered.
  context.strokeRect(x1 - width / 2, y1 - width / 2, x2 - x1 + width, y2 - y1 + width)
  context.setLineDash([])
  if (hovered) {
    context.fillStyle = `${classColour(finding.class)}22`
    context.fillRect(x1, y1, x2 - x1, y2 - y1)
  }
  const label = `${finding.class} ${finding.score.toFixed(2)}`
  const px = 12 / scale
  context.font = `600 ${px}px system-ui, sans-serif`
  const w = context.measureText(label).width + 8 / scale
  const top = y1 - width - 16 / scale
  context.fillStyle = hovered ? classColour(finding.class) : '#0b0f14cc'
  context.fillRect(x1 - width, top, w, 15 / scale)
  context.fillStyle = hovered ? '#0b0f14' : classColour(finding.class)
  context.textBaseline = 'middle'
  context.fillText(label, x1 - width + 4 / scale, top + 7.5 / scale)
}

function line(context: CanvasRenderingContext2D, s: Scene, m: Measurement): void {
  if (!m.line) return
  const [x1, y1, x2, y2] = m.line
  const good = (m.lsl === undefined || m.value >= m.lsl) && (m.usl === undefined || m.value <= m.usl)
  context.strokeStyle = good ? COLOUR.accent : COLOUR.fail
  context.lineWidth = (s.hovered === m.characteristic ? 3 : 1.5) / s.view.scale
  context.beginPath()
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
  context.stroke()
}
