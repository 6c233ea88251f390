import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonicalJson,
  CodedError,
  type LineSpec,
  type PartStore,
  type QEvent,
  uuidv7,
  type VerdictResult,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import { renderImage } from '../../dashboard/index.ts'
import type { ModelWatch, ReviewItem } from '../../models/index.ts'
import type { FirstArticles } from './first-articles.ts'
import type { LifeWatch } from './log-watch.ts'
import { stationEvent } from '../line/station-event.ts'

export interface ReviewParts {
  spec: LineSpec
  dataDir: string
  watch: ModelWatch
  follow: Pick<LifeWatch, 'catchUp'>
  store: Pick<PartStore, 'emit' | 'health'>
  /** Facts of a part that no sample picked. */
  part(inspectionId: string): Promise<{
    row: { station: string; serial: string; result: VerdictResult }
    review: string | null
  } | null>
  /** What a review, or one taken back, said by the id of its event; null = it is not in the log. */
  reviewSaid(id: string): Promise<VerdictReviewed | null>
  /** Told of each word: of one that doubts a part before it is recorded, of one that calls it good when it is. */
  firstArticles: Pick<FirstArticles, 'doubted' | 'approved'>
  /** Absolute path of a stored image, or null. */
  imagePath(sha256: string): string | null | Promise<string | null>
}

export interface ReviewRequest {
  inspectionId: string
  verdict: VerdictResult
  by: string
  reason: string
  /** Class of the defect that was seen. */
  label?: string | undefined
  /** Event of the decision that it replaces, null = there is none; absent = whatever is in force. */
  over?: string | null | undefined
  /** Of the event: the same one again, because an answer was lost, is answered and not recorded; absent = a new one. */
  id?: string | undefined
}

export interface UndoRequest {
  inspectionId: string
  by: string
  /** Event of the decision that is taken back; absent = whatever is in force. */
  review?: string | undefined
  /** As of a review. */
  id?: string | undefined
}

/** Where confirmed false calls are copied to. */
export const reviewExports = (dataDir: string): string => join(dataDir, 'review-export')

/** What people say about parts: each word is an event, what is shown is a projection of them. */
export class Reviews {
  readonly #parts: ReviewParts
  /** One after the other, so that of two who answer at once the second meets the word of the first. */
  #turn: Promise<unknown> = Promise.resolve()
  /** The last word about a part that went to the spool, by inspection: nothing that is shown knows of it yet. */
  readonly #spooled = new Map<string, { id: string; said: VerdictReviewed }>()

  constructor(parts: ReviewParts) {
    this.#parts = parts
  }

  /**
   * @throws API_NOT_FOUND when no such inspection is recorded; TRC_REVIEWED when another decision is in force than `over`;
   *   TRC_DUPLICATE when its id was used for another; TRC_WRITE
   */
  decide(request: ReviewRequest): Promise<ReviewItem> {
    return this.#inTurn(() => this.#decide(request))
  }

  /**
   * Takes the decision in force back.
   *
   * @throws API_NOT_FOUND when there is none; TRC_REVIEWED when it is another than the one named; TRC_DUPLICATE
   */
  undo(request: UndoRequest): Promise<ReviewItem> {
    return this.#inTurn(() => this.#undo(request))
  }

  #inTurn(work: () => Promise<ReviewItem>): Promise<ReviewItem> {
    const done = this.#turn.then(work, work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #decide({ id, inspectionId, verdict, by, reason, label, over }: ReviewRequest): Promise<ReviewItem> {
    const labels = label === undefined ? [] : [{ classCode: label }]
    const said = { inspectionId, reviewer: by, after: verdict, reason, labels }
    const again = await this.#repeated(
      id,
      (earlier) => earlier.retracts === undefined && holds(earlier, said),
    )
    if (again !== null) return again
    if (over !== undefined) await this.#noneWaits(inspectionId, id)
    const item = this.#parts.watch.queue.item(inspectionId)
    const part = item === null ? await this.#parts.part(inspectionId) : null
    const known = item ?? part?.row
    if (!known)
      throw new CodedError('API_NOT_FOUND', {
        expected: 'the id of a recorded inspection',
        actual: inspectionId,
      })
    // Of a part that is too old for the list the records know what was said.
    if (over !== undefined) inForce(item ?? { reviewId: part?.review ?? null }, over)
    return this.#state(known, { ...said, before: item?.verdict ?? known.result }, id)
  }

  async #undo({ id, inspectionId, by, review }: UndoRequest): Promise<ReviewItem> {
    const named = { inspectionId, reviewer: by, ...(review !== undefined && { retracts: review }) }
    const again = await this.#repeated(
      id,
      (earlier) => earlier.retracts !== undefined && holds(earlier, named),
    )
    if (again !== null) return again
    if (review !== undefined) await this.#noneWaits(inspectionId, id)
    const item = this.#parts.watch.queue.item(inspectionId)
    if (!item?.verdict || !item.reviewId)
      throw new CodedError('API_NOT_FOUND', { expected: 'a part that was reviewed', actual: inspectionId })
    if (review !== undefined) inForce(item, review)
    const said = { inspectionId, reviewer: by, before: item.verdict, after: item.result, reason: '' }
    return this.#state(item, { ...said, retracts: item.reviewId, labels: [] }, id)
  }

  /**
   * What an earlier try of the same request has led to; null = there was none, or it never came.
   *
   * @throws TRC_DUPLICATE when its id was used for something else
   */
  async #repeated(
    id: string | undefined,
    same: (earlier: VerdictReviewed) => boolean,
  ): Promise<ReviewItem | null> {
    const earlier = id === undefined ? null : await this.#parts.reviewSaid(id)
    if (earlier === null) return null
    if (!same(earlier))
      throw new CodedError('TRC_DUPLICATE', {
        expected: `the content of review ${id}`,
        actual: 'another review',
        hint: 'give a new review its own id',
        zh: { expected: `复核 ${id} 的内容`, actual: '另一条复核', hint: '新的复核请使用新的编号' },
      })
    await this.#parts.follow.catchUp()
    const item = this.#parts.watch.queue.item(earlier.inspectionId)
    // Somebody may have said otherwise since; that word stands.
    const stands = earlier.retracts === undefined ? item?.reviewId === id : item?.verdict === null
    if (stands) await this.#parts.firstArticles.approved(earlier)
    return item
  }

  /** @throws TRC_REVIEWED when a word about the part waits in the spool, other than the one with this id */
  async #noneWaits(inspectionId: string, id: string | undefined): Promise<void> {
    const waits = this.#spooled.get(inspectionId)
    if (waits === undefined || waits.id === id) return
    // What is neither in the spool nor, asked behind that, in the log was refused there.
    const isLeft = this.#parts.store.health().spooled > 0
    if ((await this.#parts.reviewSaid(waits.id)) === null && isLeft) throw waiting(waits.said)
    this.#spooled.delete(inspectionId)
    await this.#parts.follow.catchUp()
  }

  /**
   * Copies confirmed false calls into a folder of their own, each with where it comes from.
   *
   * @throws API_NOT_FOUND when there is none
   */
  async exportOverkill(
    station: string | null,
    by: string,
  ): Promise<{ dir: string; images: number; missing: number }> {
    const { watch, dataDir, imagePath, spec } = this.#parts
    const items = watch.queue.overkill(station, 10_000)
    if (items.length === 0)
      throw new CodedError('API_NOT_FOUND', {
        expected: 'parts that the line failed and a person found good',
        actual: 'none',
      })
    const now = new Date().toISOString()
    const dir = join(reviewExports(dataDir), now.replace(/[:.]/g, '-'))
    await mkdir(dir, { recursive: true })
    const provenance: object[] = []
    let missing = 0
    for (const item of items) {
      const path = item.image === null ? null : await imagePath(item.image)
      const bytes = path === null ? null : await readFile(path).catch(() => null)
      if (bytes === null) {
        missing += 1
        continue
      }
      const file = `${item.inspectionId}.png`
      await writeFile(join(dir, file), await renderImage(bytes, { widthPx: null, format: 'png' }))
      provenance.push({
        file,
        sha256: item.image,
        serial: item.serial,
        inspectionId: item.inspectionId,
        station: item.station,
        recipe: item.recipe,
        judgedAt: item.at,
        reviewer: item.reviewer,
        reviewedAt: item.reviewedAt,
        reviewEvent: item.reviewId,
        reason: item.reason,
      })
    }
    const list = { line: spec.line, plant: spec.plant, exportedAt: now, by, missing, images: provenance }
    await writeFile(join(dir, 'provenance.json'), `${JSON.stringify(list, null, 2)}\n`)
    return { dir, images: provenance.length, missing }
  }

  async #state(
    part: { station: string; serial: string },
    data: VerdictReviewed,
    id = uuidv7(),
  ): Promise<ReviewItem> {
    const { spec, store, follow, watch, firstArticles } = this.#parts
    const event: Omit<QEvent, 'sequence'> = stationEvent(spec, part.station, 'qe.verdict.reviewed.v1', data, {
      id,
      subject: `unit/${part.serial}`,
    })
    await firstArticles.doubted(data)
    await store.emit(event)
    await follow.catchUp()
    await firstArticles.approved(data)
    const item = watch.queue.item(data.inspectionId)
    const applied = data.retracts === undefined ? item?.reviewId === event.id : item?.verdict === null
    if (!item || !applied) {
      this.#spooled.set(data.inspectionId, { id: event.id, said: data })
      throw new CodedError('TRC_SPOOLED', {
        expected: 'the review in the log',
        actual: 'it waits in the spool',
        hint: 'it will show when the store has caught up',
      })
    }
    return item
  }
}

const waiting = ({ reviewer, after, retracts }: VerdictReviewed): CodedError => {
  const verdict = retracts === undefined ? after : 'taken back'
  return new CodedError('TRC_REVIEWED', {
    expected: 'a part about which no review waits to be written',
    actual: `${verdict}, ${reviewer}, in the spool`,
    hint: 'look at the part again when the store has caught up',
    zh: {
      expected: '没有待写入复核的工件',
      actual: `${retracts === undefined ? after : '已撤回'},${reviewer},在暂存区`,
      hint: '待存储赶上后,请重新查看该工件',
    },
  })
}

const holds = (said: VerdictReviewed, asked: Partial<VerdictReviewed>): boolean =>
  canonicalJson({ ...said, ...asked }) === canonicalJson(said)

/** @throws TRC_REVIEWED when another decision is in force than somebody saw */
function inForce(
  { reviewId, verdict, reviewer, reviewedAt }: Partial<ReviewItem>,
  seen: string | null,
): void {
  if ((reviewId ?? null) === seen) return
  const said = verdict ? `${verdict}, ${reviewer}, ${reviewedAt}` : reviewId
  throw new CodedError('TRC_REVIEWED', {
    expected: seen === null ? 'a part that nobody has reviewed' : `the review ${seen} in force`,
    actual: said ?? 'it was taken back',
    hint: 'look at the part again',
    zh: {
      expected: seen === null ? '尚无人复核的工件' : `仍然有效的复核 ${seen}`,
      ...(said === undefined && { actual: '该复核已撤回' }),
      hint: '请重新查看该工件',
    },
  })
}
