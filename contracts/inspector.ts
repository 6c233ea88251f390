import type { FrameFormat, FrameMeta } from './frame.ts'
import type { I18n } from './i18n.ts'
import type { RawMap } from './finding.ts'
import type { StageTiming, Verdict } from './verdict.ts'

/** Facts of part and line that rules may look at. */
export interface PartContext {
  line: string
  plant: string
  station: string
  product: string
  workOrder?: string
  lot?: string
  supplier?: string
  shift: string
  /** Reference of who is signed on, never a name: it stays in the log when the person is forgotten. */
  operator?: string
}

/** Where the bytes of a job lie: in a slot of the frame pool (same process), or in the message. */
export type JobPixels =
  | {
      in: 'slot'
      slot: number
      byteLength: number
      reference?: { byteOffset: number; byteLength: number; format: FrameFormat }
    }
  | { in: 'message'; bytes: Uint8Array; reference?: { bytes: Uint8Array; format: FrameFormat } }

export interface InspectJob {
  meta: FrameMeta
  pixels: JobPixels
  /** `id@version` */
  recipe: string
  context: PartContext
  /** Ask for the score maps as the models gave them; evaluations do, lines do not. */
  rawMaps?: boolean
  /** Monotonic ms (`monoMs`) after which nobody waits for the result. */
  deadlineMs: number
}

export interface InspectOutcome {
  verdict: Verdict
  timing: StageTiming
  /** Size of the decoded frame, px; zero when it was not decoded. */
  widthPx: number
  heightPx: number
  /** Present when asked for; in the part frame, each over the whole image. */
  rawMaps?: RawMap[]
  /** Who judged: `local/<n>` or `<host>/<pid>/<n>`. */
  worker: string
}

export interface InspectorHealth {
  mode: 'local' | 'queue' | 'degraded-local'
  workers: number
  busy: number
  queued: number
  completed: number
  failed: number
  restarts: number
  /** Execution provider in use. */
  provider: string
  /** Why it works with less than was asked for; null = it does not. */
  degraded: I18n | null
}

/** A declared degraded mode: working, but less than was asked for. */
export interface DegradedMode {
  id: string
  text: I18n
}

/**
 * Judges frames somewhere else than on the main thread. `inspect` never rejects: whatever goes wrong resolves to
 * a no-verdict outcome, at the latest at the job's deadline (reason `deadline`). The pixels of a slot are in use
 * until `settled` resolves, which may be later than the outcome.
 */
export interface Inspector {
  inspect(job: InspectJob): { outcome: Promise<InspectOutcome>; settled: Promise<LateOutcome | null> }
  health(): InspectorHealth
  /** What it works without beside `degraded`, while all frames are judged as asked for. */
  notices?(): DegradedMode[]
  close(): Promise<void>
}

/** A result that came after its no-verdict was given: recorded, never actuated. */
export interface LateOutcome {
  outcome: InspectOutcome
  lateByMs: number
}
