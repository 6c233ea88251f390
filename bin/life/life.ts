import { join } from 'node:path'
import {
  type ChallengeJudged,
  CodedError,
  type EventLog,
  type FirstArticleReviewed,
  type ModelDeployed,
  type OpenSql,
  type PartStore,
  type QEvent,
  type RecipeRef,
  type SqlDatabase,
} from '../../contracts/index.ts'
import {
  loadRecipe,
  type LoadedRecipe,
  type LocalInspector,
  RecipeRack,
  type Shadow,
  type StationEngine,
} from '../../inspection/index.ts'
import { Activations, prepareLife, ShadowReports } from '../../models/index.ts'
import { type Newest, openSql, type SqliteEventLog } from '../../traceability/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import type { CanaryWatch } from '../line/canary.ts'
import { CanaryAlarms } from './canary-alarms.ts'
import { Challenges } from './challenges.ts'
import { Changeover, refOf } from './changeover.ts'
import { FirstArticles, subjectOf } from './first-articles.ts'
import { type InForceSince, inForceSince } from './in-force.ts'
import type { LineConfig } from '../line/config.ts'
import { lifeRoutes } from './routes.ts'
import type { Environment } from '../setup/environment.ts'
import { log } from '../setup/log.ts'
import { type RunningWatch, startModelWatch } from './model-watch.ts'
import { reviewExports } from './reviews.ts'
import { ShadowRuns } from './shadow-runs.ts'
import { tellStart } from './tell-start.ts'
import { teachRoutes } from '../teach/routes.ts'
import { TeachRuns } from '../teach/runs.ts'

/** Folder of gate results in the data directory of a line. */
export const gatesDir = (dataDir: string): string => join(dataDir, 'gates')

export interface LifeParts {
  engines: ReadonlyMap<string, StationEngine>
  local: LocalInspector
  canary: CanaryWatch
  store: PartStore
  questions: Pick<
    Questions,
    'scoredAfter' | 'part' | 'recentParts' | 'reviewSaid' | 'goodParts' | 'defectiveParts'
  >
  log: EventLog
  imagePath(sha256: string): string | null | Promise<string | null>
  environment: Environment
  /** Whether the disk of the data directory takes what is written now. */
  diskAnswers(): Promise<boolean>
}

export interface RunningLife extends RunningWatch {
  shadow: Shadow
  challenges: Challenges
  firstArticles: FirstArticles
}

export interface LineLife {
  /** Every recipe loaded since the line was started, by `id@version`. */
  known: ReadonlyMap<string, LoadedRecipe>
  /** Golden templates are shown beside frames; they lie with the recipes, not in the image store. */
  goldenFile(sha256: string): string | null
  /** Before the stations run: they look for shadows at every part. */
  run(parts: LifeParts): Promise<RunningLife>
  close(): void
}

/**
 * Opens the life of the models of a line and puts the recipes into `config` that were in force when it stopped.
 *
 * @param events the log, which is told of every change before it acts
 * @param openDerived opens what follows from the log
 * @throws TRC_OPEN; CFG_* when a recipe in force is gone or was altered
 */
export async function openLife(
  config: LineConfig,
  events: Pick<SqliteEventLog, 'newest' | 'newestInspection'>,
  openDerived: OpenSql,
): Promise<LineLife> {
  const { spec, recipesDir, dataDir } = config
  const file = join(dataDir, 'life.sqlite')
  const db = prepareLife(openSql(file, { synchronous: 'full' }), 'activations')
  const counts = openCounts(join(dataDir, 'life-counts.sqlite'), openDerived, db)
  try {
    const activations = new Activations(db)
    const changed = (station: string): Newest<ModelDeployed> | null =>
      events.newest<ModelDeployed>(`station/${station}`, 'qe.model.deployed.v1')
    const told = (station: string): QEvent<ModelDeployed> | null => changed(station)?.event ?? null
    const judged = (subject: string): Newest<ChallengeJudged> | null =>
      events.newest<ChallengeJudged>(subject, 'qe.challenge.judged.v1')
    const approved = (station: string): Newest<FirstArticleReviewed> | null =>
      events.newest<FirstArticleReviewed>(subjectOf(station), 'qe.firstarticle.reviewed.v1')
    const recorded = events.newestInspection.bind(events)
    const known = new Map<string, LoadedRecipe>()
    for (const [station, loaded] of config.recipes) {
      known.set(loaded.id, loaded)
      catchUp(activations, refOf(loaded), told(station), file)
      const inForce = activations.resume(station, refOf(loaded))
      if (inForce.sha256 === loaded.sha256) continue
      const resumed = await loadRecipe(recipesDir, inForce.id)
      if (resumed.sha256 !== inForce.sha256)
        throw new CodedError('CFG_INVALID', {
          file: resumed.file,
          expected: `the recipe that is in force at ${station} (${inForce.sha256.slice(0, 12)})`,
          actual: resumed.sha256.slice(0, 12),
          hint: 'a released recipe never changes: restore the file, or name another recipe in the line file',
        })
      log.info({ station, recipe: resumed.id }, 'the recipe that was in force is in force again')
      config.recipes.set(station, resumed)
      known.set(resumed.id, resumed)
    }
    return {
      known,
      goldenFile(sha256) {
        for (const { recipe, dir } of known.values())
          if (recipe.golden?.from === 'file' && recipe.golden.sha256 === sha256)
            return join(dir, recipe.golden.file)
        return null
      },
      async run({
        engines,
        local,
        canary,
        store,
        questions,
        log: events,
        imagePath,
        environment,
        diskAnswers,
      }) {
        await tellStart({ spec, active: config.recipes, activations, told, store })
        const teaching = await TeachRuns.open({
          dataDir,
          recipesDir,
          environment,
          questions,
          imagePath,
          folders: [...spec.teach.folders, reviewExports(dataDir)],
        })
        // Kept, since a station that never changed has all its events to be looked through.
        const inForce = new Map<string, InForceSince>()
        const since = (station: string): InForceSince => {
          const { n, at } = activations.current(station)
          const known = inForce.get(station)
          if (known?.n === n) return known
          const found = inForceSince({ n, at }, changed(station))
          inForce.set(station, found)
          return found
        }
        const firstArticles = new FirstArticles({
          spec,
          active: config.recipes,
          since,
          newest: approved,
          store,
          questions,
        })
        const watch = startModelWatch({
          spec,
          dataDir,
          recipesDir,
          environment,
          counts,
          active: config.recipes,
          known,
          store,
          questions,
          log: events,
          imagePath,
          firstArticles,
          diskAnswers,
        })
        const challenges = new Challenges({
          spec,
          active: config.recipes,
          since,
          newest: judged,
          recorded,
          store,
          raise: watch.raise,
        })
        for (const { id } of spec.stations) await new CanaryAlarms(watch.raise).afterStart(told(id), watch)
        const rack = new RecipeRack(
          {
            prepare: (recipe) => local.prepare(recipe),
            retire: (id) => local.retire(id),
            addCanary: (recipe) => canary.add(recipe),
            dropCanary: (id) => canary.drop(id),
          },
          config.recipes.values(),
        )
        const shadows = new ShadowRuns({
          spec,
          raise: watch.raise,
          recipesDir,
          rack,
          local,
          reports: new ShadowReports(counts),
          active: config.recipes,
          diskAnswers,
          onLoaded: (recipe) => known.set(recipe.id, recipe),
        })
        const changeover = new Changeover({
          spec,
          recipesDir,
          gatesDir: gatesDir(dataDir),
          active: config.recipes,
          engines,
          rack,
          canary,
          activations,
          store,
          raise: watch.raise,
          onActive: (station, recipe) => {
            known.set(recipe.id, recipe)
            challenges.activated(station, recipe)
            firstArticles.activated(station, recipe)
            shadows.activated(station, recipe.id)
          },
        })
        canary.onFault(async (wrong) => {
          await changeover.canaryFailed(wrong)
          await shadows.canaryFailed(wrong)
        })
        const stations = spec.stations.map((s) => s.id)
        const own = lifeRoutes({
          changeover,
          shadows,
          challenges,
          firstArticles,
          activations,
          gatesDir: gatesDir(dataDir),
          recipesDir,
          stations,
        })
        return {
          ...watch,
          shadow: shadows.shadow,
          challenges,
          firstArticles,
          routes: [...own, ...watch.routes, ...teachRoutes(teaching)],
          close: async () => {
            shadows.close()
            await teaching.close()
            await watch.close()
          },
        }
      },
      close: () => {
        db.close()
        counts.close()
      },
    }
  } catch (error) {
    db.close()
    counts.close()
    throw error
  }
}

/** @throws TRC_OPEN where the file does not have what is in force, which only the log tells then */
function catchUp(
  activations: Activations,
  line: RecipeRef,
  event: QEvent<ModelDeployed> | null,
  file: string,
): void {
  if (event === null) return
  const { data: told, time } = event
  if (activations.catchUp(told.station, line, time, told)) return
  throw new CodedError('TRC_OPEN', {
    file,
    expected: `the activation of ${told.after.id} at ${told.station} by ${told.by}, ${time}, which the event log tells of`,
    actual: 'a file without it: it was emptied, is an older copy, or lacks its write-ahead log (-wal)',
    hint: `put the newest copy back; where there is none, name the recipe that is to be in force in the line file: recipe: ${told.after.id}`,
  })
}

/** Closes `db` when it cannot be opened. @throws TRC_OPEN */
function openCounts(file: string, open: OpenSql, db: SqlDatabase): SqlDatabase {
  try {
    return prepareLife(open(file, { synchronous: 'normal' }), 'counts')
  } catch (error) {
    db.close()
    throw error
  }
}
