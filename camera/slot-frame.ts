import { CodedError, uuidv7 } from '../contracts/index.ts'
import type {
  ErrorCode,
  Frame,
  FrameFormat,
  FrameMeta,
  FrameSlot,
  MissReason,
  PartPlace,
} from '../contracts/index.ts'

/** What lies in a slot: the frame from byte 0, the reference (golden template) anywhere behind it. */
export interface SlotContent {
  byteLength: number
  format: FrameFormat
  reference?: { byteOffset: number; byteLength: number; format: FrameFormat }
}

/** The facts of a frame that its source knows; the rest follows from the slot. */
export type FrameFacts = Pick<
  FrameMeta,
  'station' | 'view' | 'trigger' | 'cameraCounter' | 'triggeredAtMs' | 'source' | 'simulated'
> & { capturedAt?: string; encoder?: number; place?: PartPlace }

/** Wraps a filled slot as a frame; `release()` gives the slot back, twice is CAM_SLOT. */
export function slotFrame(slot: FrameSlot, content: SlotContent, facts: FrameFacts): Frame {
  const { reference } = content
  return {
    meta: {
      frameId: uuidv7(),
      station: facts.station,
      view: facts.view,
      trigger: facts.trigger,
      cameraCounter: facts.cameraCounter,
      capturedAt: facts.capturedAt ?? new Date().toISOString(),
      triggeredAtMs: facts.triggeredAtMs,
      format: content.format,
      byteLength: content.byteLength,
      source: facts.source,
      simulated: facts.simulated,
      ...(facts.encoder !== undefined && { encoder: facts.encoder }),
      ...(facts.place && { place: facts.place }),
    },
    bytes: new Uint8Array(slot.buffer, 0, content.byteLength),
    ...(reference && {
      reference: {
        bytes: new Uint8Array(slot.buffer, reference.byteOffset, reference.byteLength),
        format: reference.format,
      },
    }),
    slot: slot.index,
    release: () => slot.release(),
  }
}

/** Copies pixels, and the reference behind them, into a slot. @throws CAM_FRAME_TOO_LARGE */
export function copyIntoSlot(
  target: Uint8Array<SharedArrayBuffer>,
  frame: { bytes: Uint8Array; format: FrameFormat },
  reference?: { bytes: Uint8Array; format: FrameFormat },
): SlotContent {
  const total = frame.bytes.byteLength + (reference?.bytes.byteLength ?? 0)
  if (total > target.byteLength) throw tooLarge(total, target.byteLength)
  target.set(frame.bytes, 0)
  const content = { byteLength: frame.bytes.byteLength, format: frame.format }
  if (!reference) return content
  target.set(reference.bytes, frame.bytes.byteLength)
  return {
    ...content,
    reference: {
      byteOffset: frame.bytes.byteLength,
      byteLength: reference.bytes.byteLength,
      format: reference.format,
    },
  }
}

export const tooLarge = (actual: number | string, slotBytes: number, file?: string): CodedError =>
  new CodedError('CAM_FRAME_TOO_LARGE', {
    ...(file !== undefined && { file }),
    expected: `at most ${slotBytes} bytes`,
    actual: typeof actual === 'number' ? `${actual} bytes` : actual,
    hint: 'raise frames.slotBytes in the line file',
  })

/** @param waitedMs how long the frame waited for one; 0 = it does not wait */
export const noBuffer = (slots: number, waitedMs = 0): CodedError =>
  new CodedError('CAM_NO_BUFFER', {
    expected: `a free one of ${slots} slots`,
    actual: waitedMs > 0 ? `none within ${waitedMs.toFixed()} ms` : 'none',
    hint: 'the pipeline is slower than the line: lower the rate, add workers or raise frames.slots',
  })

/** Bytes of a raw picture, rows without padding. */
export const rawBytes = (pixel: 'mono8' | 'rgb8', widthPx: number, heightPx: number): number =>
  widthPx * heightPx * (pixel === 'mono8' ? 1 : 3)

/** Why a trigger has no frame, from the code of what went wrong while getting it. */
export function missReason(code: ErrorCode): MissReason {
  switch (code) {
    case 'CAM_FRAME_TOO_LARGE':
      return 'too-large'
    case 'CAM_NO_BUFFER':
      return 'no-buffer'
    case 'CAM_GONE':
    case 'CAM_RESTARTS_EXHAUSTED':
      return 'camera-gone'
    case 'CAM_STALE':
      return 'stale'
    case 'CAM_FROZEN':
      return 'frozen'
    case 'CAM_DUPLICATE':
      return 'duplicate'
    case 'CAM_TIMEOUT':
    // A value the counter skipped is a frame that never came.
    case 'CAM_GAP':
      return 'timeout'
    default:
      return 'incomplete'
  }
}
