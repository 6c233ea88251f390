import type { SourceSize } from './images.ts'
import type { WorkingSize } from './working-size.ts'
import type { DamagedEmbedding, Embedding, TurnedEmbedding } from './embedding.ts'
import type { Matrix } from './matrix-sessions.ts'
import type { Projection } from './feature-nodes.ts'
import type { TeachOptions } from './request.ts'

export interface TaughtImage {
  name: string
  /** SHA-256 of its pixels. */
  sha256: string
  embedding: Embedding
  /** Its pixels as a golden template compares them, [cells][numbers]; of parts that lie at the same place. */
  planes?: Matrix
}

/**
 * Everything a taught model was made of except the backbone and the pixels: kept beside the package, so that an
 * image can be added or removed in seconds without the others.
 */
export interface TeachData {
  /** SHA-256 of the backbone's model.onnx. */
  backboneSha256: string
  options: TeachOptions
  source: SourceSize
  size: WorkingSize
  projection: Projection
  good: TaughtImage[]
  /** `source` is an index of `good`. */
  damaged: DamagedEmbedding[]
  /** Turned copies of good images, for parts whose pose varies; `source` as in `damaged`. */
  turned: TurnedEmbedding[]
  defects: TaughtImage[]
}
