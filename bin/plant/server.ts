import { setTimeout as sleep } from 'node:timers/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asCoded, errorText, makeFolder } from '../../contracts/index.ts'
import { createPlantDashboard, MAX_FACTS, type PlantLine } from '../../dashboard/index.ts'
import { OWN_LOG, placeOf, type PlantLogFacts } from '../../traceability/index.ts'
import { PlantQueryProcess } from '../../traceability/query/index.ts'
import { AccountBook } from '../accounts/account-book.ts'
import { type CertificateFiles, openCertificate } from '../setup/certificate.ts'
import { log } from '../setup/log.ts'
import { paths, version } from '../setup/paths.ts'
import { plantImages } from './images.ts'

export interface PlantServerOptions {
  url: string
  schema: string
  host: string
  port: number
  allowedHosts: readonly string[]
  /** Where its accounts are kept. */
  dataDir: string
  plainSignIn: boolean
  localAdmin: boolean
  /** A further port, for other machines. */
  https?: { host?: string | undefined; port: number } & CertificateFiles
  /** Pause between two checks of all logs, ms. */
  checkEveryMs: number
  /** Folder of the built pages; absent = where the build puts them. */
  webDir?: string
}

export interface PlantServer {
  url: string
  stop(): Promise<void>
}

/** Every event of a log is read: a big one takes minutes. */
const CHECK_LIMIT_MS = 3_600_000
/** Until the plant is asked again which logs it has, when it did not answer. */
const ASK_AGAIN_MS = 10_000

/**
 * Serves the store of a plant: the pages and API of a line over the records of all lines. Questions, holds and checks
 * have a process each, so that none waits for the others, or for a database that is away, here.
 *
 * @throws CFG_PORT_IN_USE; TRC_PLANT, TRC_OPEN when the store cannot be asked
 */
export async function startPlantServer(o: PlantServerOptions): Promise<PlantServer> {
  const accounts = openBook(o.dataDir)
  const https = openCertificate(o.https)
  const store = { url: o.url, schema: o.schema }
  const asked = new PlantQueryProcess(store)
  // All facts of one request wait at once.
  const desk = new PlantQueryProcess({ ...store, maxWaiting: MAX_FACTS })
  const checker = new PlantQueryProcess({ ...store, limitMs: CHECK_LIMIT_MS })
  const cache = mkdtempSync(join(tmpdir(), 'sightline-plant-'))
  const stop = new AbortController()
  const closeAll = async (): Promise<void> => {
    stop.abort()
    https?.certificate.close()
    await Promise.all([asked, desk, checker].map((p) => p.close()))
    rmSync(cache, { recursive: true, force: true })
    accounts.close()
  }
  const checks = new Map<string, PlantLine['check']>()
  const { questions } = asked
  // The plant itself states holds only; no line is behind its log.
  const lines = async (): Promise<PlantLine[]> =>
    (await questions.plantLogs()).filter((l) => l.log !== OWN_LOG).map((l) => shown(l, checks))
  const dashboard = createPlantDashboard({
    queries: questions,
    facts: { recordFact: (fact) => desk.questions.stateHold(fact) },
    plant: {
      place: `${placeOf(o.url)} ${o.schema}`,
      lines,
      own: () => ({ log: OWN_LOG, check: checks.get(OWN_LOG) ?? null }),
      activeHolds: () => questions.activeHolds(),
    },
    images: plantImages(questions, cache),
    accounts,
    access: o,
    ...(https && { https }),
    log,
    version,
    webDir: o.webDir ?? paths.web,
  })
  try {
    // First: the processes that are asked do not keep this one alive while it waits for them.
    const { url } = await dashboard.listen(o.host, o.port)
    await questions.plantLogs()
    const checking = checkAll(checker, checks, o.checkEveryMs, stop.signal)
    return {
      url,
      async stop() {
        await dashboard.close()
        await closeAll()
        await checking
      },
    }
  } catch (error) {
    await dashboard.close()
    await closeAll()
    throw error
  }
}

/** @throws CFG_DATA_DIR, TRC_OPEN */
function openBook(dir: string): AccountBook {
  makeFolder(dir, 'CFG_DATA_DIR')
  return AccountBook.open(dir, { log: false })
}

const shown = (l: PlantLogFacts, checks: ReadonlyMap<string, PlantLine['check']>): PlantLine => ({
  log: l.log,
  plant: l.plant,
  line: l.line,
  received: l.events,
  events: l.lineEvents,
  seenAt: l.seenAt,
  lastEventAt: l.lastEventAt,
  imagesMissing: l.imagesMissing,
  signed: l.signed,
  address: l.address,
  check: checks.get(l.log) ?? null,
})

/** One log after the other, that of the plant itself too, again and again. */
async function checkAll(
  checker: PlantQueryProcess,
  checks: Map<string, PlantLine['check']>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const logs = await checker.questions.plantLogs().catch((error: unknown) => {
      const { code, message } = asCoded(error, 'TRC_PLANT')
      if (!signal.aborted) log.warn({ code }, `the logs of the plant are not checked: ${message}`)
      return null
    })
    for (const { log: name } of logs ?? []) {
      if (signal.aborted) return
      const check = await checkOne(checker, name)
      if (signal.aborted) return
      checks.set(name, check)
      if (check.state === 'altered')
        log.error({ log: name, ...check }, 'a log of the plant is not as it was received')
      else if (check.state === 'failed')
        log.warn({ log: name, ...check }, 'a log of the plant could not be checked')
    }
    await sleep(logs === null ? Math.min(everyMs, ASK_AGAIN_MS) : everyMs, undefined, { signal }).catch(
      () => undefined,
    )
  }
}

async function checkOne(checker: PlantQueryProcess, name: string): Promise<NonNullable<PlantLine['check']>> {
  const at = new Date().toISOString()
  try {
    const { state, events, findings, more } = await checker.questions.checkLog(name)
    const gaps = findings.filter((f) => f.kind === 'dropped' || f.kind === 'cut').length
    const [first] = findings
    return {
      at,
      state,
      events,
      gaps,
      findings: findings.length + more,
      first: first === undefined ? null : { en: first.detail, zh: first.zh },
    }
  } catch (error) {
    return {
      at,
      state: 'failed',
      events: 0,
      gaps: 0,
      findings: 0,
      first: errorText(asCoded(error, 'TRC_PLANT')),
    }
  }
}
