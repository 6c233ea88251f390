import { CodedError } from '../../contracts/index.ts'
import type { Box } from '../../contracts/index.ts'
import type { Geometry } from '../input/geometry.ts'
import type { RawOutputs, RawTensor } from '../runtime/ort-session.ts'

/** One thing a model saw, in px of the image it was given. */
export interface ModelFinding {
  class: string
  /** Raw score of the model. */
  score: number
  /** Half-open, inside the image. */
  box: Box
  areaPx: number
  /** Turned rectangle around a line of text. */
  rectangle?: TextRectangle
}

/** Centre and size in px of the image; `angleRad` from the x axis to the reading direction, clockwise on the screen. */
export interface TextRectangle {
  cx: number
  cy: number
  widthPx: number
  heightPx: number
  angleRad: number
}

export interface ReadText {
  text: string
  /** Mean of the probabilities of the characters, 0..1; 0 for an empty text. */
  score: number
  /** How certain each character is: its highest probability, 0..1. */
  characters: number[]
  /** The least of them. */
  weakest: number
}

export interface Decoded {
  /** By falling score; ties by class, then place. */
  findings: ModelFinding[]
  /** Named numbers of the whole image. */
  scores: Record<string, number>
  /** What a text recogniser read. */
  text?: ReadText
  /** Raw score map over the image, rows top to bottom. */
  map?: {
    widthPx: number
    heightPx: number
    values: Float32Array
    min: number
    max: number
    /** Class of each place, as its index among the labels, where a model says one. */
    classes?: Float32Array
  }
}

export interface DecodeContext {
  labels: readonly string[]
  /** Lowest raw score to report, per label index. */
  thresholds: readonly number[]
  /** Infinity = all. */
  maxFindings: number
  geometry: Geometry
}

export interface Tolerance {
  atol: number
  rtol: number
}

/** The worst place where replayed outputs leave the tolerance, for people. */
export interface GoldenDifference {
  where: string
  got: string
  want: string
  difference: number
}

/** Turns the raw outputs of one model family into findings. */
export interface Adapter {
  /** Outputs the family needs, with the element type each must have. */
  readonly outputs: Readonly<Record<string, 'float32' | 'int64'>>
  /** @throws MDL_OUTPUT for a wrong shape or a label outside the card; all float outputs are finite already */
  decode(raw: RawOutputs, context: DecodeContext): Decoded
  /** Compares replayed outputs with recorded ones; null when all lie within the tolerance. */
  difference(want: RawOutputs, got: RawOutputs, tolerance: Tolerance): GoldenDifference | null
}

/** @throws MDL_OUTPUT when the output is missing */
export function tensorOf(raw: RawOutputs, name: string): RawTensor {
  const tensor = raw[name]
  if (tensor === undefined)
    throw new CodedError('MDL_OUTPUT', { path: name, expected: 'an output of this name', actual: 'none' })
  return tensor
}

/** @throws MDL_OUTPUT when the output is missing or not float32 */
export function floatsOf(raw: RawOutputs, name: string): { shape: readonly number[]; data: Float32Array } {
  const { shape, data, type } = tensorOf(raw, name)
  if (data instanceof Float32Array) return { shape, data }
  throw new CodedError('MDL_OUTPUT', { path: name, expected: 'float32', actual: type })
}

/** @throws MDL_OUTPUT, with the shape that would have been right */
export const wrongShape = (name: string, expected: string, shape: readonly number[]): CodedError =>
  new CodedError('MDL_OUTPUT', { path: name, expected: `shape ${expected}`, actual: `[${shape.join(', ')}]` })
