import type { Finding, Measurement } from '../../api/types.ts'
import { classColour, COLOUR } from '../../look/theme.ts'
import { placeLabels, type Label, type LabelRoom } from './labels.ts'
import { className } from '../../i18n/class-names.ts'
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
    drawFindings(context, s, { top: -ty / scale, bottom: (s.canvas.h - ty) / scale, end: (w - tx) / scale })
    for (const measurement of s.measurements) line(context, s, measurement)
  }
  context.restore()
}

/** Boxes from weak to strong, so that the strongest finding lies on top. */
function drawFindings(
  context: CanvasRenderingContext2D,
  s: Scene,
  pane: Pick<LabelRoom, 'top' | 'bottom' | 'end'>,
): void {
  context.font = labelFont(1 / s.view.scale)
  const placed = placeLabels(s.findings, {
    ...pane,
    px: 1 / s.view.scale,
    hovered: s.hovered,
    nameOf: (finding) => className(finding.class),
    widthOf: (text) => context.measureText(text).width,
  })
  for (const { finding } of placed.toReversed()) outline(context, s, finding)
  for (const { finding, label } of placed.toReversed()) if (label) caption(context, s, finding, label)
}

const labelFont = (px: number): string => `600 ${12 * px}px system-ui, sans-serif`

function outline(context: CanvasRenderingContext2D, s: Scene, finding: Finding): void {
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
}

function caption(context: CanvasRenderingContext2D, s: Scene, finding: Finding, label: Label): void {
  const px = 1 / s.view.scale
  const hovered = s.hovered === finding.id
  context.fillStyle = hovered ? classColour(finding.class) : '#0b0f14cc'
  context.fillRect(label.x, label.y, label.w, label.h)
  context.fillStyle = hovered ? '#0b0f14' : classColour(finding.class)
  context.font = labelFont(px)
  context.textBaseline = 'middle'
  context.fillText(label.text, label.x + 4 * px, label.y + label.h / 2)
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
