import {
  asCoded,
  type FirstArticle,
  type FirstArticleReviewed,
  type I18n,
  type LineSpec,
  type PartStore,
  type Recipe,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import type { FirstArticleState, LineState } from '../../dashboard/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import type { Newest } from '../../traceability/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import { type InForceSince, isSince } from './in-force.ts'
import { log } from '../setup/log.ts'
import { stationEvent } from '../line/station-event.ts'

/** So many parts that wait for somebody to look at them are named. */
const SHOWN_WAITING = 5
/** Looked through for them, newest first. */
const RECENT = 200

export interface FirstArticlesParts {
  spec: LineSpec
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  since(station: string): InForceSince
  /** The newest event in the log about `first-article/<station>`. */
  newest(station: string): Newest<FirstArticleReviewed> | null
  store: Pick<PartStore, 'emit'>
  questions: Pick<Questions, 'part' | 'recentParts'>
}

type Articles = ReadonlyMap<string, FirstArticle>

/**
 * Whether people have approved what a station makes of a recipe that came into force: so many parts that it passed and
 * that a person called good, and none that a person called bad. Until then its products are held.
 *
 * What was said is in the log, so that a restart goes on with it; each recipe that comes into force needs it anew.
 */
export class FirstArticles {
  readonly #parts: FirstArticlesParts
  /** By station and recipe (`id@version`), of each inspection. */
  readonly #articles = new Map<string, Articles>()

  constructor(parts: FirstArticlesParts) {
    this.#parts = parts
    for (const [station, loaded] of parts.active)
      if (loaded.recipe.firstArticle)
        this.#articles.set(keyOf(station, loaded.id), this.#told(station, loaded))
  }

  /** A recipe came into force while the line runs. */
  activated(station: string, { id }: LoadedRecipe): void {
    this.#articles.set(keyOf(station, id), new Map())
  }

  /** Why no product that this recipe judges may go on, or null. */
  holds(station: string, recipe: Recipe): I18n | null {
    const { firstArticle } = recipe
    if (!firstArticle) return null
    const id = `${recipe.recipe}@${recipe.version}`
    const articles = this.#of(station, id)
    if (approves(articles, firstArticle.parts)) return null
    const bad = [...articles.values()].find((a) => a.verdict === 'fail')
    if (bad)
      return {
        en: `first article ${bad.serial} of ${id}: the station passed it, ${bad.reviewer} says that it is bad`,
        zh: `${id} 首件 ${bad.serial}:工位判为合格,${bad.reviewer} 复核为不合格`,
      }
    const wanted = firstArticle.parts
    return {
      en: `first article of ${id} not approved: ${articles.size} of ${wanted} passed parts reviewed as good since it came into force`,
      zh: `${id} 首件尚未确认:自启用以来已复核合格 ${articles.size}/${wanted} 件`,
    }
  }

  degraded(): LineState['degraded'] {
    return [...this.#parts.active].flatMap(([station, { id, recipe }]) => {
      const why = this.holds(station, recipe)
      if (why === null) return []
      const bad = [...this.#of(station, id).values()].some((a) => a.verdict === 'fail')
      const until = bad
        ? { en: 'that is taken back or another recipe comes into force', zh: '撤回该复核或启用其他配方' }
        : { en: 'somebody has reviewed them', zh: '复核确认' }
      const text = {
        en: `${station}: ${why.en}; its parts are held until ${until.en}`,
        zh: `${station}:${why.zh};在${until.zh}之前,工件扣留`,
      }
      return [{ id: `first-article-${station}`, text }]
    })
  }

  /**
   * Takes note of a word that is about to be recorded, where it calls a first article bad or takes an approval back: a kill
   * between the two leaves the station on hold, and not one that goes on against it.
   *
   * @throws TRC_WRITE
   */
  doubted(said: VerdictReviewed): Promise<void> {
    return this.#note(said, true)
  }

  /**
   * Takes note of a word that is on record, where it calls a part good or takes back that it is bad. Never fails: what is
   * not in the log is asked for again after a restart.
   */
  async approved(said: VerdictReviewed): Promise<void> {
    try {
      await this.#note(said, false)
    } catch (error) {
      const { code, message } = asCoded(error, 'TRC_WRITE')
      const { inspectionId } = said
      log.error({ inspectionId, code, message }, 'what was said of a first article could not be stored')
    }
  }

  async #note(
    { inspectionId, reviewer, after, retracts }: VerdictReviewed,
    doubting: boolean,
  ): Promise<void> {
    const row = (await this.#parts.questions.part(inspectionId))?.row
    const loaded = row && this.#parts.active.get(row.station)
    const wanted = loaded?.recipe.firstArticle?.parts
    if (!row || !loaded || wanted === undefined) return
    const { station, serial } = row
    if (row.result !== 'pass' || row.recipe !== loaded.id || !isSince(row, this.#parts.since(station))) return
    const before = this.#of(station, loaded.id)
    const known = before.get(inspectionId)
    // Parts that are looked at once the recipe is approved are no first articles.
    if (!known && approves(before, wanted)) return
    const says = retracts === undefined && after !== 'inconclusive'
    if (!known && !says) return
    const doubts = says ? after === 'fail' : known?.verdict === 'pass'
    if (doubts !== doubting) return
    if (says && known?.verdict === after && known.reviewer === reviewer) return
    const at = new Date().toISOString()
    const articles = new Map(before)
    articles.delete(inspectionId)
    if (says) articles.set(inspectionId, { inspectionId, serial, verdict: after, reviewer, at })
    const key = keyOf(station, loaded.id)
    this.#articles.set(key, articles)
    const approved = approves(articles, wanted)
    const said: FirstArticleReviewed = {
      station,
      recipe: loaded.id,
      recipeSha256: loaded.sha256,
      inspectionId,
      reviewer,
      wanted,
      articles: [...articles.values()],
      approved,
    }
    const { spec, store } = this.#parts
    const subject = subjectOf(station)
    try {
      await store.emit(stationEvent(spec, station, 'qe.firstarticle.reviewed.v1', said, { at, subject }))
    } catch (error) {
      // Its review will not be recorded either; said once more it must not be taken for known, and be in no log.
      if (doubting && this.#articles.get(key) === articles) this.#articles.set(key, before)
      throw error
    }
    log.info({ station, recipe: loaded.id, serial, reviewer, approved }, 'a first article was reviewed')
  }

  /** Null where the recipe in force asks for none. */
  async state(station: string): Promise<FirstArticleState | null> {
    const active = this.#parts.active.get(station)
    const firstArticle = active?.recipe.firstArticle
    if (!active || !firstArticle) return null
    const articles = this.#of(station, active.id)
    const wanted = this.holds(station, active.recipe)
    const since = this.#parts.since(station)
    const recent = wanted === null ? [] : await this.#parts.questions.recentParts({ station, limit: RECENT })
    return {
      parts: firstArticle.parts,
      wanted,
      articles: [...articles.values()],
      waiting: recent
        .filter(
          (p) =>
            p.result === 'pass' &&
            p.recipe === active.id &&
            isSince(p, since) &&
            !articles.has(p.inspectionId),
        )
        .slice(-SHOWN_WAITING)
        .reverse()
        .map(({ inspectionId, serial, at }) => ({ inspectionId, serial, at })),
    }
  }

  #of(station: string, id: string): Articles {
    return this.#articles.get(keyOf(station, id)) ?? new Map<string, FirstArticle>()
  }

  /** What the log has of a recipe in force. */
  #told(station: string, { sha256 }: LoadedRecipe): Articles {
    const told = this.#parts.newest(station)
    if (told === null || told.event.data.recipeSha256 !== sha256) return new Map<string, FirstArticle>()
    const { position, event } = told
    const doubt = event.data.articles.some((a) => a.verdict === 'fail')
    const counts = isSince({ position, at: event.time, doubt }, this.#parts.since(station))
    return new Map((counts ? event.data.articles : []).map((a) => [a.inspectionId, a]))
  }
}

export const subjectOf = (station: string): string => `first-article/${station}`
const keyOf = (station: string, recipe: string): string => `${station} ${recipe}`

const approves = (articles: Articles, wanted: number): boolean =>
  articles.size >= wanted && [...articles.values()].every((a) => a.verdict === 'pass')
