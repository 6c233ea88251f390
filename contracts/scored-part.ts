import type { VerdictReviewed } from './event.schema.ts'
import type { VerdictResult } from './verdict.ts'

/** One judged part as the watch over the models sees it. */
export interface ScoredPart {
  kind: 'part'
  /** Of its event in the log. */
  position: number
  inspectionId: string
  station: string
  serial: string
  lot: string | null
  runType: string
  /** `id@version` */
  recipe: string
  recipeSha256: string
  result: VerdictResult
  /** A no-verdict: there is nothing to be right or wrong about. */
  unjudged: boolean
  /** When it was judged, RFC 3339, UTC. */
  at: string
  /** SHA-256 of the frame; null when there was none. */
  image: string | null
  /** `tool.name` → raw score of the image. */
  scores: Record<string, number>
  /** Tool → highest raw score of what it found; tools that found nothing are absent. */
  highest: Record<string, number>
  /** Tools that ran. */
  ran: string[]
}

/** A person's word on an inspection. */
export interface ReviewedPart extends VerdictReviewed {
  kind: 'review'
  position: number
  /** Of the event. */
  id: string
  at: string
  /** The part it is about; null when no such inspection is recorded. */
  part: ScoredPart | null
}

/** Judged parts and reviews in the order of the log. */
export interface ScoredPage {
  items: (ScoredPart | ReviewedPart)[]
  /** Position of the last event looked at; the same as asked for when there was none. */
  position: number
}
