import { CodedError } from '../contracts/index.ts'
import type { ModelCard } from '../contracts/index.ts'
import { adapterFor } from './adapters/registry.ts'
import type { Decoded } from './adapters/adapter.ts'
import { createForward } from './forward.ts'
import type { Forward, ModelImages } from './forward.ts'
import type { OrtSession } from './runtime/ort-session.ts'

/** Boxes in px of the given image, half-open, inside it; raw scores; findings by falling score. */
export interface ModelOutput extends Decoded {
  /** Time inside `session.run`, ms. */
  inferMs: number
}

export interface RunOptions {
  /** Raw score from which a finding is reported. */
  threshold: number
  /** Per class, in place of `threshold`. */
  thresholds: Record<string, number>
  maxFindings: number
}

/** A loaded model. `run` blocks its thread for the length of the inference: call it from a worker. */
export interface ModelRunner {
  readonly card: ModelCard
  /** SHA-256 of model.onnx. */
  readonly sha256: string
  readonly provider: string
  /** Why it runs on a lower provider than asked for; null when it does not. */
  readonly degraded: string | null
  /**
   * Pixels are read before the inference begins, and may be reused when the promise settles. Calls queue.
   *
   * @throws MDL_INPUT when image, template or thresholds do not fit the card; MDL_OUTPUT for NaN, infinities and
   *         wrong shapes, naming output and place; MDL_RUN when the graph fails or the model is closed
   */
  run(input: ModelImages, options: RunOptions): Promise<ModelOutput>
  close(): Promise<void>
}

export interface OpenModel {
  runner: ModelRunner
  forward: Forward
}

/** @throws MDL_PACKAGE when card and graph disagree */
export function createRunner(card: ModelCard, sha256: string, session: OrtSession): OpenModel {
  const adapter = adapterFor(card.spec)
  const forward = createForward(card, session, adapter)
  let closed = false
  const runner: ModelRunner = {
    card,
    sha256,
    provider: session.provider,
    degraded: session.degraded,
    async run(images, options) {
      if (closed)
        throw new CodedError('MDL_RUN', { path: card.id, expected: 'an open model', actual: 'closed' })
      const thresholds = thresholdList(card, options)
      const { raw, geometry, inferMs } = await forward(images)
      const { maxFindings } = options
      return { ...adapter.decode(raw, { labels: card.labels, thresholds, maxFindings, geometry }), inferMs }
    },
    async close() {
      if (closed) return
      closed = true
      await session.close()
    },
  }
  return { runner, forward }
}

function thresholdList(card: ModelCard, { threshold, thresholds }: RunOptions): number[] {
  const unknown = Object.keys(thresholds).find((name) => !card.labels.includes(name))
  if (unknown !== undefined)
    throw new CodedError('MDL_INPUT', {
      path: `thresholds.${unknown}`,
      expected: `a class of ${card.id}: ${card.labels.join(', ')}`,
      actual: unknown,
    })
  return card.labels.map((label) => thresholds[label] ?? threshold)
}
