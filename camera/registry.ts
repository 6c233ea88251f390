import { CodedError } from '../contracts/index.ts'
import type { CameraSpec, CameraSpecOf, FrameSource } from '../contracts/index.ts'
import { ffmpegSource } from './ffmpeg.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { generatedSource } from './generated.ts'
import type { GeneratedFrame } from './generated.ts'
import { httpPushSource } from './http-push.ts'
import type { DecodeImage } from './read-picture.ts'
import { replaySource } from './replay.ts'
import type { ReplayEntry } from './replay.ts'
import { watchFrames } from './watch-frames.ts'

/** What a source needs besides its own section of the line file. */
export interface SourceContext {
  station: string
  pool: SharedFramePool
  /** Number of the first trigger: one above the highest that the store knows, 1 on a new line. */
  firstTrigger: number
  /** Trigger to actuated gate of the station. */
  budgetMs: number
  /**
   * The gate acts by trigger number (PLC): a pushed frame must carry the number of its part, because one given
   * here could be that of another part.
   */
  numbered?: boolean
  /** `http-push`: makes a number that was given here durable before the sender is told. */
  announce?: (trigger: number, at: string) => Promise<void>
  /** `replay`: the pictures in order, when a data-set reader has listed them; else the folder is listed. */
  entries?: readonly ReplayEntry[]
  /** `replay` with `raw`. */
  decode?: DecodeImage
  /** `sample-line`: the generator of boards. */
  generate?: (spec: CameraSpecOf<'sample-line'>) => AsyncIterable<GeneratedFrame>
}

/** Adapter name → frame source, watched over. @throws CFG_UNKNOWN_REFERENCE for a sample line without generator, or raw images without decoder */
export function createFrameSource(spec: CameraSpec, context: SourceContext): FrameSource {
  const { staleMs, frozenAfter } = spec
  // http-push checks its counter itself, because the sender must be told; the others bring none of their own.
  return watchFrames(adapt(spec, context), { staleMs, frozenAfter, counter: 'off' })
}

function adapt(spec: CameraSpec, context: SourceContext): FrameSource {
  const { station, pool, firstTrigger } = context
  const common = { station, pool, firstTrigger, view: spec.view, backPressure: spec.backPressure }
  switch (spec.adapter) {
    case 'replay': {
      const { rate, loop, raw } = spec
      const decode = raw ? given(context.decode, 'a decoder of images') : null
      return replaySource({ ...common, rate, loop, decode, from: context.entries ?? spec.path })
    }
    case 'sample-line': {
      const generate = given(context.generate, 'a generator of boards')
      return generatedSource({
        ...common,
        adapter: spec.adapter,
        rate: spec.rate,
        frames: () => generate(spec),
      })
    }
    case 'http-push': {
      const { host, port, token, maxBytes, staleMs } = spec
      return httpPushSource({
        ...common,
        host,
        port,
        maxBytes,
        staleMs,
        // The other half is for judging.
        waitMs: Math.min(staleMs, context.budgetMs / 2),
        requireTrigger: context.numbered ?? false,
        ...(context.announce && { announce: context.announce }),
        ...(token !== undefined && { token }),
      })
    }
    case 'ffmpeg': {
      const { input, widthPx, heightPx, pixel, mode, watchdogMs, timeoutMs, restart } = spec
      const picture = { input, widthPx, heightPx, pixel, mode }
      const limits = { watchdogMs, restart, ...(timeoutMs !== undefined && { timeoutMs }) }
      return ffmpegSource({ ...common, ...picture, ...limits })
    }
  }
}

function given<T>(value: T | undefined, expected: string): T {
  if (value === undefined) throw new CodedError('CFG_UNKNOWN_REFERENCE', { expected, actual: 'none' })
  return value
}

/** Where a pushing camera sends its frames; null for sources that do not listen. */
export function listeningUrl(source: FrameSource): string | null {
  if (!('url' in source) || typeof source.url !== 'function') return null
  const url: unknown = source.url()
  return typeof url === 'string' ? url : null
}
