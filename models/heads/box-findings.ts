import type { ModelCard } from '../../contracts/index.ts'
import type { ModelFinding } from '../adapters/adapter.ts'
import { adapterFor } from '../adapters/registry.ts'
import { createForward } from '../forward.ts'
import { openSession, type RawOutputs } from '../runtime/ort-session.ts'
import { BOXES, LABELS, SCORES } from './box-model.ts'
import { bestBoxes, type Proposal } from './box-proposals.ts'
import type { Picture, Pictures } from './pictures.ts'

/** What was found in an image that the head had not seen, beside what is there; px of the working size. */
export interface UnseenImage {
  id: string
  truths: { class: string; box: ModelFinding['box'] }[]
  detections: ModelFinding[]
}

/** What a model gives for one picture. */
export interface Given {
  raw: RawOutputs
  /** As the line would report it; px of the working size. */
  findings: () => ModelFinding[]
}

/** Runs a model on some of the pictures. */
export async function eachPicture(
  model: Uint8Array,
  card: ModelCard,
  { size, items }: Pictures,
  wanted: (picture: number) => boolean,
  use: (index: number, picture: Picture, given: Given) => void,
): Promise<void> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 0 })
  try {
    const adapter = adapterFor(card.spec)
    const forward = createForward(card, session, adapter)
    for (const [i, picture] of items.entries()) {
      if (!wanted(i)) continue
      const { widthPx, heightPx } = size
      const { raw, geometry } = await forward({
        image: { data: picture.data, widthPx, heightPx, channels: 3 },
      })
      const thresholds = card.labels.map(() => 0.02)
      const context = { labels: card.labels, thresholds, maxFindings: 300, geometry }
      use(i, picture, { raw, findings: () => adapter.decode(raw, context).findings })
    }
  } finally {
    await session.close()
  }
}

/** The best boxes of what a model without networks of sides gave. */
export function proposalsOf(raw: RawOutputs, most: number): Proposal[] {
  const floats = (name: string): Float32Array => {
    const data = raw[name]?.data
    return data instanceof Float32Array ? data : new Float32Array()
  }
  const labels = raw[LABELS]?.data
  return bestBoxes(floats(BOXES), floats(SCORES), labels instanceof BigInt64Array ? labels : [], most)
}
