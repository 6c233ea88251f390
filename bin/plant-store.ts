import { type ReplicationState } from '../contracts/index.ts'
import type { LineState } from '../dashboard/index.ts'
import { placeOf, type Replication, startReplication } from '../traceability/index.ts'
import type { LineConfig } from './config.ts'
import type { Environment } from './environment.ts'
import { log } from './log.ts'

/** Starts replicating the log to the plant, when the line file asks for it. */
export function openReplication(
  { spec, dataDir }: LineConfig,
  { databaseUrl }: Environment,
): Replication | null {
  if (spec.plantStore === undefined || databaseUrl === null) return null
  log.info({ plant: placeOf(databaseUrl) }, 'the log is replicated to the plant store')
  return startReplication({
    dataDir,
    url: databaseUrl,
    spec: spec.plantStore,
    where: { plant: spec.plant, line: spec.line },
    onChange: tellReplication,
  })
}

export function tellReplication({ fault, received, events, log: name }: ReplicationState): void {
  if (fault === null) log.info({ log: name, received, events }, 'the plant store takes events')
  else log.warn({ log: name, code: fault.code }, fault.message)
}

/** A plant that takes nothing: the line goes on, and the plant is caught up with. */
export function plantModes(state: ReplicationState | undefined): LineState['degraded'] {
  if (state === undefined || state.fault === null) return []
  const { message } = state.fault
  return [
    {
      id: 'plant-store',
      text:
        state.state === 'refused'
          ? {
              en: `The plant store refuses the log of this line: ${message}`,
              zh: `工厂数据库拒绝本产线的日志:${message}`,
            }
          : {
              en: `The plant store is away, events wait here: ${message}`,
              zh: `工厂数据库不可用,事件暂存于本机:${message}`,
            },
    },
  ]
}
