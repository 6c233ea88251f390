import type { Matrix } from './matrix-sessions.ts'

/** Grid of patches over the image. */
export interface Grid {
  width: number
  height: number
  stridePx: number
}

/** One image as the backbone sees it: [cells][dims], rows top to bottom. */
export type Embedding = Matrix

/** A turned copy of a good image. */
export interface TurnedEmbedding {
  /** Index, in the list it is used with, of the good image it was made from. */
  source: number
  embedding: Embedding
}

/** A damaged copy of a good image: its embedding and where the damage is. */
export interface DamagedEmbedding {
  /** Index, in the list it is used with, of the good image it was made from. */
  source: number
  embedding: Embedding
  /** As `TaughtImage.planes`. */
  planes?: Matrix
  /** Share of damaged pixels per cell, 0..1. */
  coverage: Float32Array
}
