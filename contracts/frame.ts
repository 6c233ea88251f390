import type { ErrorCode } from './errors.ts'
import type { LostTriggers } from './line-io.ts'
import type { PartPlace } from './part-place.schema.ts'

/** Pixel layout of raw bytes: rows top to bottom, no padding; rgb8 interleaved. */
export type RawPixel = 'mono8' | 'rgb8'

/** How the bytes of a frame are to be read. Encoded frames are what the camera sent, never re-encoded. */
export type FrameFormat =
  { kind: 'raw'; pixel: RawPixel; widthPx: number; heightPx: number } | { kind: 'encoded'; mime: string }

/** Capture facts of one frame; structured-cloneable and JSON-safe. */
export interface FrameMeta {
  /** UUIDv7 */
  frameId: string
  station: string
  view: string
  /** Number of the trigger that demanded this frame; strictly increasing per station. */
  trigger: number
  /** The camera's own counter (BlockID, chunk frame id, file index); null when it has none. */
  cameraCounter: number | null
  /** Count of the belt's encoder at the trigger, for cameras that send it. */
  encoder?: number
  /** Mould nest and part holder, for cameras that send them. */
  place?: PartPlace
  /** RFC 3339, UTC, milliseconds: end of exposure or arrival of the frame. */
  capturedAt: string
  /** ms of `monoMs` at the trigger: the start of the part's deadline. */
  triggeredAtMs: number
  format: FrameFormat
  byteLength: number
  /** File, URL or device, for people. */
  source: string
  /** True for replays, generators and test sources (OPC 40100-1 IsSimulated). */
  simulated: boolean
}

/**
 * Pixels plus capture facts. Borrowed: `bytes` and `reference.bytes` are views of a pool slot and are valid
 * until `release()`; to keep pixels, copy.
 */
export interface Frame {
  meta: FrameMeta
  bytes: Uint8Array<SharedArrayBuffer>
  /** Golden template that travels with the frame (paired data sets); absent on ordinary lines. */
  reference?: { bytes: Uint8Array<SharedArrayBuffer>; format: FrameFormat }
  /** Slot number in the frame pool; both views lie in this slot. */
  slot: number
  release(): void
}

const MISS_REASONS = [
  'timeout',
  'no-buffer',
  'incomplete',
  'stale',
  'frozen',
  'duplicate',
  'camera-gone',
  'too-large',
] as const
export type MissReason = (typeof MISS_REASONS)[number]

/** What a frame source yields. A trigger without a frame is an item, like a frame: nothing is dropped silently. */
export type CameraItem =
  | { kind: 'frame'; frame: Frame }
  | {
      kind: 'missed'
      trigger: number
      triggeredAtMs: number
      reason: MissReason
      code: ErrorCode
      message: string
    }
  | { kind: 'fault'; code: ErrorCode; message: string; fatal: boolean }
  | { kind: 'end' }

/** `late`: its pictures show what lay there too long ago. */
export type CameraState = 'opening' | 'online' | 'late' | 'idle' | 'reconnecting' | 'offline' | 'disabled'

/** Health by completed work: counters and the age of the last frame, not "the process is alive". */
export interface CameraHealth {
  state: CameraState
  frames: number
  missed: number
  faults: number
  restarts: number
  /** `performance.timeOrigin + performance.now()` of the last frame, or null. */
  lastFrameAtMs: number | null
  lastError: string | null
}

/**
 * A source of frames: one adapter per file in `camera/`. The trigger numbers continue from `firstTrigger`,
 * unless the device brings its own counter.
 */
export interface FrameSource {
  readonly adapter: string
  open(): Promise<void>
  items(signal: AbortSignal): AsyncIterable<CameraItem>
  /**
   * Demands one frame now (software trigger, PLC trigger); absent on free-running sources. `anew`: the count may
   * have begun again, so that a number below the last one is a new part, not a repetition.
   */
  trigger?(n: number, anew?: boolean): void
  /**
   * A PLC has counted this part, and its frame comes by itself: when none does in time, the trigger is missed. Absent on
   * sources that make their own triggers, or are told by `trigger`.
   */
  counted?(n: number, anew?: boolean): void
  /** A PLC has counted these parts unseen: those that have no frame are missed. Absent as `counted` and `trigger` are. */
  lost?(lost: LostTriggers): void
  health(): CameraHealth
  close(): Promise<void>
}

/** Fixed set of shared slots. Messages between threads carry slot numbers, never pixels. */
export interface FramePool {
  readonly slots: number
  readonly slotBytes: number
  readonly free: number
  /** The shared memory behind each slot, in slot order; handed to workers once. */
  readonly buffers: readonly SharedArrayBuffer[]
  /** A free slot, or null when the pipeline is behind (back-pressure). */
  acquire(): FrameSlot | null
}

export interface FrameSlot {
  readonly index: number
  readonly buffer: SharedArrayBuffer
  release(): void
}
