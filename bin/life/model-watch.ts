import type { EventLog, LineSpec, PartStore, SqlDatabase } from '../../contracts/index.ts'
import type { ModelNumbers, ModuleHandler } from '../../dashboard/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import { auditImages, lastWindows, type LifeAlarm, ModelWatch, watchReport } from '../../models/index.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import { escapeEstimates } from './escape-estimate.ts'
import type { Environment } from '../setup/environment.ts'
import { LifeWatch } from './log-watch.ts'
import { modelPackages } from './packages.ts'
import { OverdueReviews } from './overdue-reviews.ts'
import { type ReviewParts, Reviews } from './reviews.ts'
import { watchRoutes } from './watch-routes.ts'

export interface WatchParts {
  spec: LineSpec
  dataDir: string
  recipesDir: string
  environment: Environment
  /** Prepared for counts. */
  counts: SqlDatabase
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  known: ReadonlyMap<string, LoadedRecipe>
  store: Pick<PartStore, 'emit' | 'recordFact' | 'health'>
  questions: Pick<Questions, 'scoredAfter' | 'part' | 'reviewSaid'>
  log: Pick<EventLog, 'read' | 'end' | 'onAppend'>
  imagePath(sha256: string): string | null | Promise<string | null>
  firstArticles: ReviewParts['firstArticles']
  /** Whether the disk of `dataDir` takes what is written now. */
  diskAnswers(): Promise<boolean>
}

export interface RunningWatch {
  routes: ModuleHandler[]
  alarms(): LifeAlarm[]
  /** One that does not follow from the log. @throws TRC_WRITE: it stands, and is told to the log later */
  raise(alarm: LifeAlarm): Promise<void>
  /** Whether it was raised at that time or later, ended meanwhile or not. */
  raisedSince(id: string, at: string): boolean
  numbers(): ModelNumbers
  /** Hashes of the images of the audit sample that nobody has looked at yet. */
  auditImages(): string[]
  close(): Promise<void>
}

/** Starts the watch over the models of a line, and what pages may ask of it. */
export function startModelWatch(parts: WatchParts): RunningWatch {
  const { spec, dataDir, recipesDir, counts, active, known, store, questions } = parts
  const watch = new ModelWatch(counts, spec.watch, { ksTwoSample, populationStability, stabilityLimit })
  const follow = new LifeWatch({
    spec,
    watch,
    recipesDir,
    known,
    store,
    scoredAfter: questions.scoredAfter,
    log: parts.log,
    diskAnswers: parts.diskAnswers,
  })
  const overdue = new OverdueReviews({
    spec,
    watch,
    store,
    part: questions.part,
    tell: () => follow.tell(),
    diskAnswers: parts.diskAnswers,
  })
  const reviews = new Reviews({
    spec,
    dataDir,
    watch,
    follow,
    store,
    part: questions.part,
    reviewSaid: questions.reviewSaid,
    imagePath: parts.imagePath,
    firstArticles: parts.firstArticles,
  })
  const inForce = (station: string): string | null => active.get(station)?.sha256 ?? null
  const series = (station: string) => {
    const sha256 = inForce(station)
    return sha256 === null ? [] : watchReport(counts, station, sha256)
  }
  return {
    routes: watchRoutes({
      spec,
      watch,
      follow,
      reviews,
      inForce,
      series,
      packages: () => modelPackages(parts.environment, active),
    }),
    raise: async (alarm) => {
      watch.raise(alarm)
      await follow.tell()
    },
    raisedSince: (id, at) => watch.alarms.raisedSince(id, at),
    // What a recipe did that is no longer in force concerns nobody at the line.
    alarms: () =>
      watch.alarms
        .active()
        .filter(
          ({ alarm, id, station }) =>
            alarm !== 'score-drift' || id.split('/')[2] === inForce(station)?.slice(0, 12),
        ),
    numbers: () => ({
      drift: [...active].flatMap(([station, { id: recipe, sha256 }]) =>
        lastWindows(counts, station, sha256).map((w) => ({ station, recipe, ...w })),
      ),
      waiting: watch.queue.counts().waiting,
      escapes: escapeEstimates(watch.queue.strata('')).byRecipe.map(
        ({ station, recipe, estimate, interval, reviewed }) => ({
          station,
          recipe,
          estimate,
          high: interval?.high ?? null,
          reviewed,
        }),
      ),
    }),
    auditImages: () => auditImages(counts),
    close: async () => {
      await overdue.close()
      await follow.close()
    },
  }
}
