import type { ReviewedPart, ScoredPart, SqlDatabase, SqlRow, WatchSpec } from '../../contracts/index.ts'
import { type ItemRow, itemOf, type ReviewItem } from './review-item.ts'
import { type Sample, samplesOf, type StratumName } from './sampling.ts'

export interface StratumCount {
  station: string
  recipe: string
  stratum: StratumName
  /** Passed parts of the stratum. */
  size: number
  /** Of these drawn for audit. */
  sampled: number
  /** Of the sample reviewed with an answer. */
  reviewed: number
  /** Of those found bad. */
  escapes: number
  /** Reviewed without an answer. */
  undecided: number
}

export interface QueueCounts {
  waiting: number
  /** Of these from the audit sample. */
  waitingAudit: number
  /** Drawn, but not kept because too many were waiting. */
  notKept: number
  reviewed: number
}

const KEEP_DAYS = 400
/** As in the index `review_room`. */
const JUDGED = "and instr(samples, 'grey') = 0"

/** The parts that sampling picked, and what people said about them: a projection of the log. */
export class ReviewQueue {
  readonly #db: SqlDatabase
  readonly #spec: WatchSpec

  /** @param db prepared by `prepareLife` for counts */
  constructor(db: SqlDatabase, spec: WatchSpec) {
    this.#db = db
    this.#spec = spec
  }

  /**
   * Counts a part and keeps it when a sample picked it; of those that could not be judged each one, however many wait.
   *
   * @param stratum null for a part that was not judged
   */
  take(part: ScoredPart, stratum: StratumName | null): void {
    const row = this.#db.get<{ last_ms: number; hour: number; picks: number }>(
      'select last_ms, hour, picks from band_state where station = ?',
      part.station,
    )
    const before = { lastMs: row?.last_ms ?? 0, hour: row?.hour ?? 0, picks: row?.picks ?? 0 }
    const { samples, band } = samplesOf(part, stratum, before, this.#spec)
    if (band !== before)
      this.#db.run(
        'insert or replace into band_state(station, last_ms, hour, picks) values(?, ?, ?, ?)',
        part.station,
        band.lastMs,
        band.hour,
        band.picks,
      )
    if (part.result === 'pass' && stratum !== null)
      this.#db.run(
        `insert into stratum_day(station, sha256, stratum, day, recipe, passed, sampled) values(?, ?, ?, ?, ?, 1, ?)
         on conflict do update set passed = passed + 1, sampled = sampled + excluded.sampled`,
        part.station,
        part.recipeSha256,
        stratum,
        part.at.slice(0, 10),
        part.recipe,
        samples.includes('audit') ? 1 : 0,
      )
    if (samples.length === 0) return
    this.#keep(part, stratum, samples, samples.includes('grey') || this.#hasRoom())
  }

  /** Applies a review, or takes one back. Returns whether it says that a passed part is bad, or stops saying so. */
  review(review: ReviewedPart): 'escape' | 'no-escape' | null {
    const { inspectionId, part, retracts } = review
    if (!this.item(inspectionId)) {
      if (part === null) return null
      this.#keep(part, null, ['asked'], true)
    }
    const item = this.item(inspectionId)
    if (!item) return null
    const wasEscape = item.result === 'pass' && item.verdict === 'fail'
    if (retracts !== undefined) {
      // Only the decision in force can be taken back; an older one has been replaced already.
      if (retracts !== item.reviewId) return null
      this.#db.run(
        `update review_item set verdict = null, reviewer = null, reason = null, reviewed_at = null, review_id = null
         where inspection_id = ?`,
        inspectionId,
      )
      return wasEscape ? 'no-escape' : null
    }
    this.#db.run(
      `update review_item set verdict = ?, reviewer = ?, reason = ?, reviewed_at = ?, review_id = ?, kept = 1
       where inspection_id = ?`,
      review.after,
      review.reviewer,
      review.reason,
      review.at,
      review.id,
      inspectionId,
    )
    if (item.result !== 'pass') return null
    return review.after === 'fail' ? 'escape' : wasEscape ? 'no-escape' : null
  }

  item(inspectionId: string): ReviewItem | null {
    const row = this.#db.get<ItemRow>('select * from review_item where inspection_id = ?', inspectionId)
    return row ? itemOf(row) : null
  }

  /** Oldest first, of one sample or station, when said. */
  waiting(limit: number, filter: { sample?: Sample; station?: string } = {}): ReviewItem[] {
    // Of what could not be judged there may be any number, and none of it is in these samples.
    const judged = filter.sample === 'audit' || filter.sample === 'band'
    return this.#db
      .all<ItemRow>(
        `select * from review_item where verdict is null and kept = 1 ${judged ? JUDGED : ''}
         and (?1 is null or instr(samples, ?1) > 0) and (?2 is null or station = ?2) order by position limit ?3`,
        filter.sample ?? null,
        filter.station ?? null,
        limit,
      )
      .map(itemOf)
  }

  /** Parts of a station that could not be judged, and wait since before a time, oldest first, behind a position. */
  overdue(station: string, before: string, page: { after: number; limit: number }): ReviewItem[] {
    return this.#db
      .all<ItemRow>(
        `select * from review_item where verdict is null and kept = 1 and instr(samples, 'grey') > 0 and station = ?
         and at < ? and position > ? order by position limit ?`,
        station,
        before,
        page.after,
        page.limit,
      )
      .map(itemOf)
  }

  /** It was decided about otherwise: nobody needs to look at it. A review may still come. */
  settle(inspectionId: string): void {
    this.#db.run(
      'update review_item set kept = 2 where inspection_id = ? and verdict is null and kept = 1',
      inspectionId,
    )
  }

  /** Newest decision first. */
  done(limit: number): ReviewItem[] {
    return this.#db
      .all<ItemRow>(
        'select * from review_item where verdict is not null order by reviewed_at desc, position desc limit ?',
        limit,
      )
      .map(itemOf)
  }

  /** Parts that the line failed and a person found good, oldest first. */
  overkill(station: string | null, limit: number): ReviewItem[] {
    return this.#db
      .all<ItemRow>(
        `select * from review_item where result = 'fail' and verdict = 'pass' and (?1 is null or station = ?1)
         order by position limit ?2`,
        station,
        limit,
      )
      .map(itemOf)
  }

  counts(): QueueCounts {
    const row = this.#db.get<{ waiting: number; audit: number; lost: number; reviewed: number }>(
      `select sum(n) filter (where done = 0 and kept = 1) waiting,
       sum(audited) filter (where done = 0 and kept = 1) audit, sum(n) filter (where done = 0 and kept = 0) lost,
       sum(n) filter (where done = 1) reviewed from review_count`,
    )
    return {
      waiting: row?.waiting ?? 0,
      waitingAudit: row?.audit ?? 0,
      notKept: row?.lost ?? 0,
      reviewed: row?.reviewed ?? 0,
    }
  }

  /** The strata of the passed parts since a day (`yyyy-mm-dd`, UTC). */
  strata(fromDay: string): StratumCount[] {
    return this.#db
      .all<StratumRow>(
        `select station, recipe, stratum, sum(passed) size, sum(sampled) sampled, sum(reviewed) reviewed,
         sum(escapes) escapes, sum(undecided) undecided from stratum_day where day >= ?
         group by station, sha256, stratum order by 1, 2, 3`,
        fromDay,
      )
      .map(({ station, recipe, stratum, size, sampled, reviewed, escapes, undecided }) => ({
        station,
        recipe,
        stratum: stratum as StratumName,
        size,
        sampled,
        reviewed,
        escapes,
        undecided,
      }))
  }

  /** Forgets what is older than the estimate can ask about. */
  prune(now: Date): void {
    const day = new Date(now.getTime() - KEEP_DAYS * 86_400_000).toISOString().slice(0, 10)
    this.#db.run('delete from review_item where day < ?', day)
    this.#db.run('delete from stratum_day where day < ?', day)
  }

  #hasRoom(): boolean {
    const row = this.#db.get<{ n: number }>(
      'select n from review_count where done = 0 and kept = 1 and grey = 0',
    )
    return (row?.n ?? 0) < this.#spec.maxWaiting
  }

  #keep(part: ScoredPart, stratum: StratumName | null, samples: readonly Sample[], kept: boolean): void {
    this.#db.run(
      `insert or ignore into review_item(inspection_id, position, station, recipe, sha256, serial, lot, result, stratum,
       day, samples, audit, at, image, kept) values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      part.inspectionId,
      part.position,
      part.station,
      part.recipe,
      part.recipeSha256,
      part.serial,
      part.lot,
      part.result,
      stratum,
      part.at.slice(0, 10),
      samples.join(' '),
      samples.includes('audit') ? 1 : 0,
      part.at,
      part.image,
      kept ? 1 : 0,
    )
  }
}

interface StratumRow extends SqlRow {
  station: string
  recipe: string
  stratum: string
  size: number
  sampled: number
  reviewed: number
  escapes: number
  undecided: number
}
