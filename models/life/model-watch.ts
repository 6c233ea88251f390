import type { ReviewedPart, ScoredPage, ScoredPart, SqlDatabase, WatchSpec } from '../../contracts/index.ts'
import type { DriftStatistics } from './drift.ts'
import { type LifeAlarm, LifeAlarms } from './life-alarms.ts'
import { OF_THE_LOG } from './life-store.ts'
import type { ReviewItem } from './review-item.ts'
import { ReviewQueue } from './review-queue.ts'
import { type DriftChange, type Score, ScoreWatch } from './score-watch.ts'

/** `tool` of a recipe that runs a model. */
export interface ModelTool {
  tool: string
  /** `id@version`, or the id where the version is not known. */
  model: string
}

/**
 * Follows the log: scores, drift, samples, reviews. Everything it keeps is a function of the log up to its cursor, one
 * transaction per page.
 */
export class ModelWatch {
  readonly queue: ReviewQueue
  readonly alarms: LifeAlarms
  readonly #db: SqlDatabase
  readonly #scores: ScoreWatch
  #pruned = ''

  /** @param db prepared by `prepareLife` for counts */
  constructor(db: SqlDatabase, spec: WatchSpec, stats: DriftStatistics) {
    this.#db = db
    this.#scores = new ScoreWatch(db, spec, stats)
    this.queue = new ReviewQueue(db, spec)
    this.alarms = new LifeAlarms(db)
  }

  /** Position of the last event that was looked at. */
  position(): number {
    return this.#db.get<{ position: number }>('select position from watch_cursor')?.position ?? 0
  }

  /** The id of that event; null where none was looked at, or it was not kept. */
  lastEvent(): string | null {
    return this.#db.get<{ event: string | null }>('select event from watch_cursor')?.event ?? null
  }

  /** Where a watch that has seen nothing yet begins. */
  startAt(position: number): void {
    this.#db.run('insert or ignore into watch_cursor(id, position) values(1, ?)', position)
  }

  /**
   * Drops what was kept of parts and reviews, which follows from the log. Shadow runs stay, which are nowhere else, and
   * so do alarms about what became of a recipe, and which ones people ended.
   */
  beginAnew(): void {
    this.#db.transaction(() => {
      for (const table of OF_THE_LOG) this.#db.exec(`delete from ${table}`)
      this.alarms.beginAnew()
    })
    this.#scores.forget()
  }

  /**
   * @param toolsOf model tools of a recipe, by `id@version`
   * @param event   id of the event at the end of the page
   */
  take(
    page: ScoredPage,
    toolsOf: (recipe: string) => readonly ModelTool[],
    event: string | null = null,
  ): void {
    try {
      this.#db.transaction(() => {
        for (const item of page.items)
          if (item.kind === 'part') this.#part(item, toolsOf(item.recipe))
          else this.#review(item)
        this.#scores.flush()
        this.#prune()
        this.#db.run(
          'insert or replace into watch_cursor(id, position, event) values(1, ?, ?)',
          page.position,
          event,
        )
      })
    } catch (error) {
      this.#scores.forget()
      throw error
    }
  }

  /** The next parts are the reference of a recipe from now on; its drift alarms end. */
  restart(station: string, sha256: string, by: string, at: string): void {
    this.#db.transaction(() => {
      for (const series of this.#scores.restart(station, sha256, at))
        this.alarms.clear(driftId(station, sha256, series), by, at)
    })
  }

  /** @param oldest of the parts of a station that wait for too long; null ends the alarm */
  overdue(station: string, oldest: ReviewItem | null, at: string): void {
    const id = `review-overdue/${station}`
    this.#db.transaction(() => {
      if (oldest === null) return void this.alarms.clear(id, 'sightline', at)
      const message = {
        en: `held parts wait for review, ${oldest.serial || 'one without a code'} since ${oldest.at}`,
        zh: `被扣留的工件等待复核,${oldest.serial || '无码工件'} 自 ${oldest.at} 起`,
      }
      if (this.alarms.active().some((a) => a.id === id && a.message.en === message.en)) return
      this.alarms.raise({ id, station, alarm: 'review-overdue', code: 'MDL_OVERDUE', since: at, message })
    })
  }

  raise(alarm: LifeAlarm): void {
    this.#db.transaction(() => this.alarms.raise(alarm))
  }

  /** Ends an alarm by name. Returns false when it is not active. */
  acknowledge(id: string, by: string, at: string): boolean {
    return this.#db.transaction(() => this.alarms.end(id, by, at))
  }

  #prune(): void {
    const day = new Date().toISOString().slice(0, 10)
    if (day === this.#pruned) return
    this.#pruned = day
    this.queue.prune(new Date())
  }

  #part(part: ScoredPart, tools: readonly ModelTool[]): void {
    // Challenge parts and acceptance runs are not what the line makes.
    if (part.runType !== 'production') return
    // no frame, nothing to look at: such a part is found among those on hold
    if (part.unjudged) {
      if (part.image !== null) this.queue.take(part, null)
      return
    }
    const scores = scoresOf(part, tools)
    const unusual = this.#scores.unusual(part, scores)
    for (const change of this.#scores.take(part, scores)) this.#drift(change)
    this.queue.take(part, unusual === null ? 'early' : unusual ? 'unusual' : 'usual')
  }

  #drift(c: DriftChange): void {
    const id = driftId(c.station, c.sha256, c.series)
    if (!c.drift) {
      this.alarms.clear(id, 'sightline', c.at)
      return
    }
    const facts = `PSI ${c.psi.toFixed(2)}, KS D ${c.d.toFixed(3)}, p ${c.p.toExponential(1)}`
    this.alarms.raise({
      id,
      station: c.station,
      alarm: 'score-drift',
      code: 'MDL_DRIFT',
      since: c.at,
      message: {
        en: `${c.series} of ${c.recipe} is not distributed as in its reference: ${facts}`,
        zh: `${c.recipe} 的 ${c.series} 分布偏离参考:${facts}`,
      },
    })
  }

  #review(review: ReviewedPart): void {
    const said = this.queue.review(review)
    const item = this.queue.item(review.inspectionId)
    if (said === null || !item) return
    const id = `escape-found/${item.inspectionId}`
    if (said === 'no-escape') {
      this.alarms.clear(id, review.reviewer, review.at)
      return
    }
    this.alarms.raise({
      id,
      station: item.station,
      alarm: 'escape-found',
      code: 'MDL_ESCAPE',
      since: review.at,
      message: {
        en: `${item.serial} passed by ${item.recipe} is bad: ${review.reviewer}${review.reason ? `, ${review.reason}` : ''}`,
        zh: `${item.recipe} 放行的 ${item.serial} 不合格:${review.reviewer}${review.reason ? `,${review.reason}` : ''}`,
      },
    })
  }
}

const driftId = (station: string, sha256: string, series: string): string =>
  `score-drift/${station}/${sha256.slice(0, 12)}/${series}`

/** Image scores of every tool; of models that give none, the highest finding, 0 when they found nothing. */
function scoresOf(part: ScoredPart, tools: readonly ModelTool[]): Score[] {
  const modelOf = new Map(tools.map((t) => [t.tool, t.model]))
  const scores: Score[] = Object.entries(part.scores).map(([series, value]) => {
    const tool = series.slice(0, series.indexOf('.'))
    return { series, model: modelOf.get(tool) ?? tool, value }
  })
  const scored = new Set(scores.map((s) => s.series.slice(0, s.series.indexOf('.'))))
  for (const { tool, model } of tools)
    if (!scored.has(tool) && part.ran.includes(tool))
      scores.push({ series: tool, model, value: part.highest[tool] ?? 0 })
  return scores
}
