import { errorText, type PartStore, type ReplicationState, uuidv7 } from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import { type HoldOrder, placeOf, type Replication, startReplication } from '../../traceability/index.ts'
import type { LineConfig } from './config.ts'
import type { Environment } from '../setup/environment.ts'
import { log } from '../setup/log.ts'

/** Starts replicating the log to the plant, when the line file asks for it, and takes the holds of the plant over. */
export function openReplication(
  { spec, dataDir }: LineConfig,
  { databaseUrl }: Environment,
  store: Pick<PartStore, 'recordFact'>,
): Replication | null {
  if (spec.plantStore === undefined || databaseUrl === null) return null
  log.info({ plant: placeOf(databaseUrl) }, 'the log is replicated to the plant store')
  const where = { plant: spec.plant, line: spec.line }
  return startReplication({
    dataDir,
    url: databaseUrl,
    spec: spec.plantStore,
    where,
    onChange: tellReplication,
    onOrder: (order) => takeOver(order, store, where),
  })
}

/** Records a hold or release of the plant as an event of this line, from now on. @throws as `recordFact` */
export async function takeOver(
  { origin, ...stated }: HoldOrder,
  store: Pick<PartStore, 'recordFact'>,
  where: { plant: string; line: string },
): Promise<void> {
  const fact = { id: uuidv7(), at: new Date().toISOString(), ...stated }
  const { repeated } = await store.recordFact(fact, where, origin)
  const { kind, target } = stated
  if (!repeated) log.info({ kind, target, origin }, `a ${kind} of ${origin.log} is taken over`)
}

/** What changed, once: a hold that cannot be recorded is tried again every second. */
export function tellReplication(state: ReplicationState, before: ReplicationState): void {
  const { fault, received, events, log: name, holds } = state
  if (fault !== null && fault.message !== before.fault?.message)
    log.warn({ log: name, code: fault.code }, fault.message)
  else if (
    fault === null &&
    (before.fault !== null || (before.state !== state.state && before.state === 'starting'))
  )
    log.info({ log: name, received, events }, 'the plant store takes events')
  const [now, then] = [holds?.fault ?? null, before.holds?.fault ?? null]
  if (now !== null && now.message !== then?.message)
    log.error({ log: name, ...now }, 'a hold or release of the plant cannot be recorded; trying again')
  else if (now === null && then !== null) log.info({ log: name }, 'holds of the plant are recorded again')
}

/** Asked for once a second; images of a slow link, or a long check, may keep the thread for a while. */
const HEARD_MS = 30_000

/** A plant that takes nothing: the line goes on, and the plant is caught up with. Holds are those last heard of. */
export function plantModes(
  state: ReplicationState | undefined,
  nowMs: number = Date.now(),
): LineState['degraded'] {
  if (state === undefined) return []
  const modes: LineState['degraded'] = []
  const heardAt = state.holds?.heardAt ?? null
  // One that refuses the log, or has no room for it, is heard all the same.
  const away = state.fault !== null && state.state !== 'refused' && state.fault.code !== 'TRC_DISK_FULL'
  if (state.fault !== null) {
    const why = errorText(state.fault)
    const heard = state.holds && (away || heardAt === null) ? heardText(heardAt) : null
    modes.push({
      id: 'plant-store',
      text:
        state.state === 'refused'
          ? {
              en: `The plant store refuses the log of this line: ${why.en}`,
              zh: `工厂数据库拒绝本产线的日志:${why.zh}`,
            }
          : {
              en: `The plant store is away, events wait here: ${why.en}${heard?.en ?? ''}`,
              zh: `工厂数据库不可用,事件暂存于本机:${why.zh}${heard?.zh ?? ''}`,
            },
    })
  }
  // The mode above says it of a plant that is away.
  if (heardAt !== null && !away && nowMs - Date.parse(heardAt) > HEARD_MS)
    modes.push({
      id: 'plant-heard',
      text: {
        en: `The plant has not told of its holds since ${heardAt}; those of then are in force`,
        zh: `自 ${heardAt} 起未收到工厂的隔离信息,当前以当时的隔离为准`,
      },
    })
  const notTaken = state.holds?.fault
  if (notTaken) {
    const why = errorText(notTaken)
    modes.push({
      id: 'plant-holds',
      text: {
        en: `A hold or release of the plant cannot be recorded here, tried again: ${why.en}`,
        zh: `工厂下达的隔离或解除无法在本产线记录,正在重试:${why.zh}`,
      },
    })
  }
  return modes
}

const heardText = (at: string | null): { en: string; zh: string } =>
  at === null
    ? {
        en: '; holds of other lines were never heard of',
        zh: ';从未收到其他产线的隔离信息',
      }
    : {
        en: `; holds of other lines are those of ${at}`,
        zh: `;其他产线的隔离信息截至 ${at}`,
      }
