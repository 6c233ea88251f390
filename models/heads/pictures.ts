import type { SegmentSize } from './patch-describer.ts'
import type { LabelledRegion } from './region-labels.ts'

/** An image at working size. */
export interface Picture {
  id: string
  data: Uint8Array<ArrayBuffer>
  source: { widthPx: number; heightPx: number }
  regions: readonly LabelledRegion[]
}

export interface Pictures {
  size: SegmentSize
  items: Picture[]
}
