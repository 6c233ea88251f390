import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import {
  asCoded,
  CodedError,
  type PlantStoreSpec,
  type ReplicationState,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { openSql } from '../store/open-sql.ts'
import { type HoldOrder, holdOrders } from './hold-orders.ts'
import { GoneThrough } from './gone-through.ts'
import { keepHeardAt, keptHeardAt } from './heard-at.ts'
import { migratePostgres } from './migrations.ts'
import { PlantLog } from './plant-log.ts'
import { openPostgres, type PostgresDatabase } from './postgres.ts'
import { BATCH, logName, Replicator } from './replicator.ts'

/** Replicates one data directory until it is told to end. Started by `startReplication` only. */
export interface ReplicatorWorkerData {
  dataDir: string
  url: string
  spec: PlantStoreSpec
  where: { plant: string; line: string }
}

/** Whether holds are asked for is up to who takes them over. */
export type ReplicatorStart = ReplicatorWorkerData & { asksHolds: boolean }
export type ReplicatorSays =
  { kind: 'state'; state: ReplicationState } | { kind: 'orders'; orders: HoldOrder[] }
/** `taken`: what was ordered last is on record, or is not for this reason. */
export type ReplicatorHears = 'close' | { taken: true; fault: ReplicationState['fault'] }

/** How often a log that is carried over is looked at, ms. */
const POLL_MS = 250
/** How often the plant is asked for holds, ms. */
const HOLDS_MS = 1_000
/** Pauses after a failure, doubled each time, ms. */
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 30_000

const { dataDir, url, spec, where, asksHolds } = workerData as ReplicatorStart
const port = parentPort
if (port === null)
  throw new CodedError('TRC_PLANT', { expected: 'to run as a worker thread', actual: 'the main thread' })
const stop = new AbortController()
let state: ReplicationState = {
  log: logName(where, spec.log),
  state: 'starting',
  received: 0,
  events: 0,
  imagesMissing: 0,
  fault: null,
  currentAt: null,
  holds: asksHolds ? { heardAt: keptHeardAt(dataDir), fault: null } : null,
}
const tell = (message: ReplicatorSays): void => port.postMessage(message)
const say = (next: Partial<ReplicationState>): void => {
  state = { ...state, ...next }
  tell({ kind: 'state', state })
}
/** Orders that are being recorded. */
let ordered = false
let askedMs = Number.NEGATIVE_INFINITY
const hear = (message: ReplicatorHears): void => {
  if (message === 'close') return stop.abort()
  ordered = false
  if (state.holds !== null) say({ holds: { ...state.holds, fault: message.fault } })
}
port.on('message', hear)
/** A step leaves the thread no time to be called. */
const hearNow = (): void => {
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
    hear((got as { message: ReplicatorHears }).message)
}

/**
 * First of all, between the pieces of a step, and whether or not the plant takes the log of this line.
 *
 * @throws TRC_PLANT
 */
function askHolds(source: SqlDatabase, plant: SqlDatabase): void {
  hearNow()
  if (!asksHolds || ordered || performance.now() - askedMs < HOLDS_MS) return
  const orders = holdOrders(source, plant, new PlantLog(plant, state.log).lineName(where.line))
  askedMs = performance.now()
  const heardAt = new Date().toISOString()
  keepHeardAt(dataDir, heardAt)
  say({ holds: { heardAt, fault: orders.length === 0 ? null : (state.holds?.fault ?? null) } })
  if (orders.length === 0) return
  ordered = true
  tell({ kind: 'orders', orders })
}

async function run(): Promise<void> {
  let source: SqlDatabase | null = null
  let plant: PostgresDatabase | null = null
  let replicator: Replicator | null = null
  const gone = new GoneThrough()
  let connections = 0
  let pauseMs = RETRY_FIRST_MS
  /** Fewer over a link that breaks before a batch is through, so that it gets on. */
  let batch = BATCH
  /** Of a log that is refused, or finds no room: holds are asked for meanwhile. */
  let stepMs = 0
  while (!stop.signal.aborted) {
    try {
      source ??= openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
      plant ??= await openMigrated()
      const [here, there] = [source, plant]
      askHolds(here, there)
      if (performance.now() < stepMs) {
        await pause(POLL_MS)
        continue
      }
      replicator ??= new Replicator({
        source,
        dataDir,
        plant,
        log: state.log,
        where,
        images: spec.images,
        address: spec.address,
        meanwhile: () => askHolds(here, there),
        gone,
      })
      // Behind it may be a server that took over, and lacks what the one before had confirmed.
      if (plant.connections !== connections) replicator.compareAnew()
      connections = plant.connections
      const progress = replicator.step(batch)
      pauseMs = RETRY_FIRST_MS
      batch = Math.min(batch * 2, BATCH)
      const current = progress.received >= progress.events
      const now = new Date().toISOString()
      say({ ...progress, state: current ? 'current' : 'behind', fault: null, currentAt: now })
      await pause(current ? POLL_MS : 0)
    } catch (error) {
      const { code, message } = asCoded(error, 'TRC_PLANT')
      if (replicator !== null) batch = Math.max(Math.floor(batch / 2), 1)
      replicator = null
      const refused = code === 'TRC_REPLICA'
      if (refused) gone.forget()
      say({ state: refused ? 'refused' : 'away', events: logged(source), fault: { code, message } })
      // Without room it still says which holds there are.
      if (plant !== null && (refused || code === 'TRC_DISK_FULL')) {
        stepMs = performance.now() + pauseMs
        await pause(POLL_MS)
      } else {
        plant?.close()
        plant = null
        await pause(pauseMs)
      }
      pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)
    }
  }
  plant?.close()
  source?.close()
  port?.close()
}

/** @throws TRC_PLANT, TRC_OPEN, TRC_DISK_FULL: then no connection is left */
async function openMigrated(): Promise<PostgresDatabase> {
  const plant = await openPostgres(url, { schema: spec.schema })
  try {
    migratePostgres(plant, spec.schema, 'plant')
    return plant
  } catch (error) {
    plant.close()
    throw error
  }
}

/** Goes on while the plant takes nothing; what was known last where the log cannot be read. */
function logged(source: SqlDatabase | null): number {
  try {
    return source?.get<{ size: number }>('select size from log_tree where id = 1')?.size ?? state.events
  } catch {
    return state.events
  }
}

const pause = (ms: number): Promise<void> =>
  sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined)

void run()
