import { join } from 'node:path'
import { createFramePool, createFrameSource, createRejectOutput } from '../camera/index.ts'
import { type FrameSource, type RejectOutput, ShiftCalendar } from '../contracts/index.ts'
import { createDashboard } from '../dashboard/index.ts'
import { decodeImage, StationEngine } from '../inspection/index.ts'
import { createModuleHost, httpRoutes } from '../scenarios/index.ts'
import {
  diskProbe,
  type LogProof,
  openDerived,
  openEventLog,
  openHoldBoard,
  openIdentityChanges,
  openPartStore,
} from '../traceability/index.ts'
import { EpcisService, keepShifts, openTraceQuery, QueryProcess } from '../traceability/query/index.ts'
import { type LineConfig, spoolAfterMs } from './line/config.ts'
import { openLineAccounts } from './line/accounts.ts'
import { openNotices } from './line/notices.ts'
import { startEpcis } from './line/start-epcis.ts'
import { openCertificate } from './setup/certificate.ts'
import { announceLine } from './setup/line-address.ts'
import { lockDataDir } from './setup/data-dir-lock.ts'
import type { Environment } from './setup/environment.ts'
import { openInspector } from './line/inspector.ts'
import { openLife } from './life/life.ts'
import { liveLine } from './live-line.ts'
import { moduleRegistry } from './jobs/host.ts'
import { QueuedJobRunner } from './jobs/modules.ts'
import { log } from './setup/log.ts'
import { partContext } from './line/part-context.ts'
import { partIdentity, unitsBefore } from './line/part-identity.ts'
import { paths, version } from './setup/paths.ts'
import { Operators } from './line/operators.ts'
import { openProof, proofPort } from './line/proof.ts'
import { openReads } from './line/reads.ts'
import { localResolver, openRegistrations } from './line/resolver.ts'
import { openRetention } from './line/retention.ts'
import { replayEntries } from './line/replay-entries.ts'
import { openSampleCamera } from './line/sample-camera.ts'
import { sampleLogistics } from './line/sample-logistics.ts'
import { openReplication } from './line/replication.ts'
import { openSinks } from './line/sinks.ts'

export interface RunningLine {
  url: string
  /** Resolves when every source has ended (replays do) and its parts are settled. */
  ended: Promise<void>
  /** Resolves with the number of records that could be stored nowhere: the next start closes their triggers. */
  stop(): Promise<number>
}

/**
 * Starts a line: store, workers, stations, modules, dashboard, in the order in which they need each other. What
 * fails before the first trigger closes what was opened and is thrown.
 *
 * @throws CFG_*, MDL_*, TRC_OPEN, CAM_OPEN
 */
export async function startLine(config: LineConfig, environment: Environment): Promise<RunningLine> {
  const { spec, dataDir } = config
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        log.error({ error: String(error) }, 'closing failed')
      }
    }
  }
  const { notices, onSetAside, onAlarm } = openNotices()
  try {
    closers.push(lockDataDir(dataDir))
    const shifts = spec.shifts && new ShiftCalendar(spec.shifts)
    // Before anything asks the records about shifts.
    keepShifts(dataDir, spec.shifts)
    // Closed after the store, so that the last checkpoint covers the last event.
    let proof: LogProof | null = null
    closers.push(() => proof?.close())
    const store = await openPartStore({
      dataDir,
      spoolAfterMs: spoolAfterMs(spec),
      onAlarm,
    })
    closers.push(() => store.close())
    proof = await openProof(config)
    const events = openEventLog(dataDir, (listener) => store.onAppend(listener))
    closers.push(() => events.close())
    const sinks = openSinks(spec, config.sinkTokens, events, store)
    closers.push(() => sinks.close())
    const epcis = new EpcisService({
      dataDir,
      store,
      source: { plant: spec.plant, line: spec.line },
      onAlarm: (text) => log.warn({ at: 'epcis' }, text),
      onSetAside,
    })
    closers.push(() => epcis.close())
    const replication = openReplication(config, environment, store)
    closers.push(() => replication?.close())
    const queries = openTraceQuery(dataDir)
    closers.push(() => queries.close())
    const questions = new QueryProcess({ dataDir })
    closers.push(() => questions.close())
    const registrations = openRegistrations(spec, dataDir, events, store, onSetAside)
    closers.push(() => registrations?.close())
    const identity = openIdentityChanges(dataDir, store, { plant: spec.plant, line: spec.line })
    closers.push(() => identity.close())
    // Started by the first part with so many origins that its holds are looked for elsewhere.
    let walker: QueryProcess | null = null
    closers.push(() => walker?.close())
    const holds = openHoldBoard(dataDir, (listener) => store.onAppend(listener), {
      walk: (starts) => (walker ??= new QueryProcess({ dataDir })).questions.holdOver(starts),
      walkMs: spoolAfterMs(spec),
    })
    closers.push(() => holds.close())

    const diskAnswers = diskProbe(dataDir)
    const life = await openLife(config, events, openDerived(onSetAside))
    closers.push(() => life.close())
    const pool = createFramePool(spec.frames)
    const { inspector, local, canary } = await openInspector(config, environment, pool.buffers)
    closers.push(() => canary.stop())
    closers.push(() => inspector.close())

    const { redisUrl } = environment
    const runner =
      redisUrl === null
        ? undefined
        : await QueuedJobRunner.open(moduleRegistry(), redisUrl, (why) =>
            log.warn({ code: why.code }, `a module job is computed here: ${why.message}`),
          )
    if (runner) closers.push(() => runner.close())
    const modules = createModuleHost({
      ...(runner ? { runner } : {}),
      dir: join(dataDir, 'modules'),
      openSql: openDerived(onSetAside),
      onRebuilt: onSetAside,
      log: events,
      emit: (event) => store.emit(event),
      // Well below the margin that is kept back for the gate: projecting shares this thread with it.
      sliceMs: 4,
      diskAnswers,
      modules: spec.scenarios.map(({ use, ...params }) => ({ slug: use, params })),
      onFault: (slug, fact) => log.error({ module: slug, code: fact.code }, fact.message),
    })
    closers.push(() => modules.close())

    const operators = await Operators.open(dataDir, spec, store)
    const { accounts, close: closeAccounts } = openLineAccounts(dataDir, spec, store, events, notices)
    closers.push(closeAccounts)
    const https = openCertificate(spec.dashboard.https)
    closers.push(() => https?.certificate.close())
    const reads = await openReads(spec, store, operators)
    closers.push(() => reads.close())

    const engines = new Map<string, StationEngine>()
    const running = await life.run({
      engines,
      local,
      canary,
      store,
      questions: questions.questions,
      log: events,
      imagePath: (sha256) => queries.path(sha256),
      environment,
      diskAnswers,
    })
    closers.push(() => running.close())
    const retention = openRetention(spec, dataDir, questions.questions, store, () => running.auditImages())
    closers.push(() => retention?.close())
    const { challenges, firstArticles } = running
    const judges = { stations: spec.stations, canary, holds, challenges, firstArticles }
    const stations: { engine: StationEngine; source: FrameSource; output: RejectOutput }[] = []
    for (const station of spec.stations) {
      const recipe = config.recipes.get(station.id)
      if (!recipe) throw new Error(`no recipe was loaded for station ${station.id}`)
      // Before the source is open, which announces what is pushed while the line still starts.
      const last = await store.lastTrigger(station.id)
      const firstTrigger = (last?.trigger ?? 0) + 1
      const entries = await replayEntries(station.camera)
      const { camera } = station
      const sample = camera.adapter === 'sample-line' ? await openSampleCamera(camera, firstTrigger) : null
      if (sample) closers.push(() => sample.close())
      const source = createFrameSource(station.camera, {
        station: station.id,
        pool,
        firstTrigger,
        budgetMs: station.budgetMs,
        numbered: station.reject.adapter === 'modbus-tcp',
        announce: (trigger, at) => store.openTrigger({ station: station.id, trigger, at }),
        decode: decodeImage,
        ...(sample ? { generate: () => sample.frames() } : {}),
        ...(entries ? { entries } : {}),
      })
      const output = createRejectOutput(station.reject)
      await output.open()
      closers.push(() => output.close())
      await source.open()
      closers.push(() => source.close())
      const context = partContext(spec, station.id, recipe.recipe.product.id)
      const before = await unitsBefore(station, queries)
      const beside = reads.of(station.id)
      const goods = sampleLogistics(station, {
        line: spec.line,
        recordFact: (fact) => store.recordFact(fact, { plant: spec.plant, line: spec.line }),
        lotOf: async (id) => (await queries.part(id))?.row.lot ?? null,
      })
      const engine = new StationEngine(station, recipe, context, {
        source,
        inspector,
        output,
        store,
        last,
        identify: partIdentity({ ...judges, station, context, before }),
        ...(beside ? { reads: beside } : {}),
        shadow: running.shadow,
        ...(shifts && { shifts }),
        operator: () => operators.at(station.id),
        onPart: goods ?? (() => undefined),
        log,
      })
      engines.set(station.id, engine)
      stations.push({ engine, source, output })
    }

    const live = liveLine({
      config,
      recipes: life.known,
      stations,
      inspector,
      canary,
      models: running,
      store,
      events,
      sinks,
      replication,
      reads,
      registrations,
      retention,
      certificate: https?.certificate ?? null,
      proof,
      notices,
      shifts,
      startedAt: new Date(),
    })
    const dashboard = createDashboard({
      queries: {
        ...questions.questions,
        triggerBalance: async (...range) =>
          store.withUnwritten(await questions.questions.triggerBalance(...range), ...range),
        eventsAfter: (position, limit) => queries.eventsAfter(position, limit),
        lastPosition: () => queries.lastPosition(),
      },
      liveQueries: queries,
      names: { resolver: localResolver(spec.resolver, questions.questions), identity },
      facts: {
        recordFact: (fact) => store.recordFact(fact, { plant: spec.plant, line: spec.line }),
        recordNcrStep: (step) => store.recordNcrStep(step, { plant: spec.plant, line: spec.line }),
      },
      live,
      modules: { handlers: [...httpRoutes(modules), ...running.routes] },
      images: { path: (sha256) => life.goldenFile(sha256) ?? queries.path(sha256) },
      epcis,
      sinks,
      operators,
      ...(accounts && { accounts }),
      access: spec.dashboard,
      ...(https && { https }),
      proof: proofPort(config, proof, questions.questions),
      log,
      version,
      webDir: paths.web,
    })
    closers.push(() => dashboard.close())
    const { url } = await dashboard.listen(spec.dashboard.host, spec.dashboard.port)
    closers.push(announceLine(dataDir, { url, plant: spec.plant, line: spec.line }))

    const abort = new AbortController()
    modules.start()
    sinks.start()
    startEpcis(epcis, notices)
    const ended = Promise.all(stations.map(({ engine }) => engine.run(abort.signal))).then(() => undefined)
    live.started(ended)
    return {
      url,
      ended,
      async stop() {
        abort.abort()
        await ended
        await modules.drain()
        await closeAll()
        return stations.reduce((sum, { engine }) => sum + engine.owed, 0)
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}
