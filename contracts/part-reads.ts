import type { CodeRead } from './finding.ts'
import type { I18n } from './i18n.ts'
import type { AssociatedRead } from './identity-read.ts'
import type { PartPlace } from './part-place.schema.ts'
import type { NoVerdict } from './verdict.ts'

/** A trigger as the association of reads sees it. */
export interface ArrivedPart {
  trigger: number
  /** Epoch of the trigger counter, as in `CaptureRequest`. */
  attempt: number
  /** ms of `monoMs` */
  triggeredAtMs: number
  /** Only the count says that there was this part: the time is that at which it was noticed. */
  unseen?: true
  /** Encoder count that came with the frame; null when none did. */
  encoder: number | null
}

/** Why nobody may say who a part is, for the record and for people. */
export interface DoubtfulIdentity {
  noVerdict: NoVerdict
  text: I18n
}

export interface PartReads {
  /** Failed and doubtful reads too, with `ok: false`. */
  reads: AssociatedRead[]
  /** Named by readers of mould nests and part holders. */
  place?: PartPlace
  problem: DoubtfulIdentity | null
}

/** The reads of one part, from its trigger on. */
export interface ExpectedReads {
  /** Waits as long as a read may still come, at most until `untilMs` (`monoMs`); afterwards a read is late. Once. */
  decide(untilMs: number): Promise<PartReads>
  /** Tells the stations behind by which codes the part is known; none = it is not. Once, behind `decide`. */
  named(codes: readonly CodeRead[]): void
}

/** Port of what is read beside the camera of one station. */
export interface ReadsBeside {
  /** In the order of the triggers. */
  arrived(part: ArrivedPart): ExpectedReads
}
