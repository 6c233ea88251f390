/** x1, y1, x2, y2 in px of the part frame (registered to the golden template), half-open, origin top-left. */
export type Box = readonly [number, number, number, number]

/** What a tool saw. It becomes a defect only when a rule condemns it. */
export interface Finding {
  /** `<tool id>/<n>` */
  id: string
  /** Tool id in the recipe. */
  tool: string
  /** Tool and version, e.g. `blob@1`. */
  use: string
  class: string
  /** Raw score of the tool or model, not clamped or normalised. */
  score: number
  box: Box
  areaPx: number
  /** Present when the recipe has a calibration. */
  areaMm2?: number
  /** Longer side of the box, mm. */
  lengthMm?: number
  /** Centre in part coordinates, mm. */
  partXY?: readonly [number, number]
  /** Names of the recipe's ROIs that contain the centre. */
  rois: string[]
  /** SHA-256 of the model that produced it. */
  modelSha256?: string
}

export type MeasureUnit = 'mm' | 'px' | 'deg' | 'count' | 'ratio'

export interface Measurement {
  characteristic: string
  tool: string
  value: number
  unit: MeasureUnit
  lsl?: number
  usl?: number
  target?: number
  /** Expanded uncertainty (k=2), same unit; guard band in the sense of ISO 14253-1. */
  uncertainty?: number
  /** Where it was taken: x1, y1, x2, y2 in px of the part frame. */
  line?: Box
}

/** A code read, or a failed read (`ok: false`), which is a fact too. */
export interface CodeRead {
  tool: string
  ok: boolean
  symbology: string
  /** Text with FNC1 as \u001d; empty for a failed read. */
  text: string
  /** ISO/IEC 15424 symbology identifier, e.g. `]d2` (GS1 DataMatrix). */
  symbologyId: string
  /** Four corners in px of the part frame, clockwise from the symbol's top left; empty for a failed read. */
  corners: readonly (readonly [number, number])[]
  error?: string
}

/** Rigid motion that maps the golden template onto the frame: rotate by angleRad about the image centre, then shift. */
export interface Registration {
  dxPx: number
  dyPx: number
  angleRad: number
  /** Mean normalised correlation of the anchors, -1..1. */
  score: number
}

/** Grey-level map of suspicion, downsampled, in the part frame; kept for the viewer. */
export interface ScoreMap {
  tool: string
  widthPx: number
  heightPx: number
  /** One byte per cell, base64, 0 = `min`, 255 = `max` of the raw score. */
  data: string
  min: number
  max: number
}

/** The same map as the model gave it, for those who measure it; never stored. */
export interface RawMap {
  tool: string
  widthPx: number
  heightPx: number
  /** Rows top to bottom. */
  values: Float32Array
  /** Class of each place, where the model says one. */
  classes?: { labels: readonly string[]; index: Float32Array }
}

/** Everything one tool returns. */
export interface ToolOutput {
  findings: Finding[]
  measurements: Measurement[]
  codes: CodeRead[]
  /** Named numbers of the whole image, e.g. class probabilities or the anomaly score: `scores.<tool>.<name>` in rules. */
  scores: Record<string, number>
  map?: ScoreMap
  registration?: Registration
}
