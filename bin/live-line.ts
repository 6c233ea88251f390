import {
  type EventLog,
  errorText,
  type FrameSource,
  type I18n,
  type Inspector,
  type PartStore,
  type RejectOutput,
  type ShiftCalendar,
} from '../contracts/index.ts'
import type { LineInfo, LineState, LiveLine, RecipeFacts } from '../dashboard/index.ts'
import type { LoadedRecipe, StationEngine } from '../inspection/index.ts'
import type { LogProof, Replication } from '../traceability/index.ts'
import type { CanaryWatch } from './line/canary.ts'
import type { LineConfig } from './line/config.ts'
import type { RunningLife } from './life/life.ts'
import type { Notices } from './line/notices.ts'
import { plantModes } from './line/replication.ts'
import { proofModes } from './line/proof.ts'
import { type LineReads, readerMode } from './line/reads.ts'
import type { Registrations } from './line/resolver.ts'
import type { Retention } from './line/retention.ts'
import type { Sinks } from './line/sinks.ts'
import type { CertificateWatch } from './setup/certificate.ts'

export interface LiveLineParts {
  config: LineConfig
  /** Every recipe loaded since the line was started, by `id@version`. */
  recipes: ReadonlyMap<string, LoadedRecipe>
  stations: readonly { engine: StationEngine; source: FrameSource; output: RejectOutput }[]
  inspector: Inspector
  canary: CanaryWatch
  models: Pick<RunningLife, 'alarms' | 'challenges' | 'firstArticles' | 'numbers'>
  store: PartStore
  events: EventLog
  sinks: Sinks
  replication: Replication | null
  reads: LineReads
  registrations: Registrations | null
  retention: Retention | null
  certificate: CertificateWatch | null
  proof: LogProof | null
  notices: Notices['notices']
  shifts: ShiftCalendar | undefined
  startedAt: Date
}

/** The running line as the dashboard sees it: read on request, nothing is copied while parts run. */
export function liveLine(parts: LiveLineParts): LiveLine & { started(ended: Promise<void>): void } {
  const { config, stations, inspector, canary, store, events, sinks } = parts
  const { spec } = config
  let run: LineState['run'] = 'starting'
  const info = (): LineInfo => ({
    line: spec.line,
    plant: spec.plant,
    title: spec.title,
    startedAt: parts.startedAt.toISOString(),
    timeZone: spec.shifts?.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
    stations: spec.stations.map((s) => ({
      id: s.id,
      camera: s.camera.adapter,
      reject: s.reject.adapter,
      recipe: config.recipes.get(s.id)?.id ?? s.recipe,
      budgetMs: s.budgetMs,
    })),
    recipes: [...parts.recipes.values()].map(recipeFacts),
    modules: spec.scenarios.map((m) => m.use),
  })
  return {
    started(ended) {
      run = 'running'
      void ended.then(() => (run = 'ended'))
    },
    info,
    state(): LineState {
      const states = stations.map(({ engine }) => engine.state())
      const health = inspector.health()
      const kept = store.health()
      const outside = sinks.health()
      const plantStore = parts.replication?.state()
      const readers = parts.reads.health()
      return {
        at: new Date().toISOString(),
        run,
        stations: stations.map(({ source, output }, i) => ({
          id: states[i]?.station ?? '',
          camera: source.health(),
          reject: output.health(),
        })),
        inspector: health,
        store: { ...kept, lastError: kept.lastError?.message ?? null },
        sinks: outside,
        ...(plantStore && { plantStore }),
        readers,
        alarms: [
          ...parts.models.alarms().map(({ id: _id, ...alarm }) => alarm),
          ...states.flatMap((s) => [
            ...s.alarms.map((a) => ({
              station: s.station,
              alarm: a.id,
              code: a.id,
              message: a.message,
              since: a.since,
            })),
            ...s.faults.map((f) => ({
              station: s.station,
              alarm: 'fault',
              code: f.code,
              message: errorText(f),
              since: f.since,
            })),
          ]),
        ],
        degraded: [
          ...degradedModes(health.degraded, kept.state, canary.fault !== null),
          ...canary.doubts.map(({ recipe, text }) => ({
            id: `golden-${recipe}`,
            text: { en: `${recipe}: ${text.en}`, zh: `${recipe}:${text.zh}` },
          })),
          ...parts.models.challenges.degraded(),
          ...parts.models.firstArticles.degraded(),
          ...stations.flatMap(({ source }, i) => cameraMode(states[i]?.station ?? '', source)),
          ...(inspector.notices?.() ?? []),
          ...outside.flatMap(sinkMode),
          ...readers.flatMap(readerMode),
          ...(parts.registrations?.degraded() ?? []),
          ...(parts.retention?.degraded() ?? []),
          ...(parts.certificate?.degraded() ?? []),
          ...proofModes(spec, parts.proof),
          ...plantModes(plantStore),
          ...parts.notices,
        ],
      }
    },
    recipe: (id) => {
      const loaded = parts.recipes.get(id)
      return loaded ? recipeFacts(loaded) : null
    },
    ...(parts.shifts && { shifts: parts.shifts }),
    models: () => parts.models.numbers(),
    onAppend: (listener) => events.onAppend(listener),
  }
}

function degradedModes(
  inspector: I18n | null,
  store: ReturnType<PartStore['health']>['state'],
  canaryWrong: boolean,
): LineState['degraded'] {
  const modes: LineState['degraded'] = []
  if (inspector !== null)
    modes.push({ id: 'inspector', text: { en: inspector.en, zh: `检测降级运行:${inspector.zh}` } })
  if (store === 'spooling')
    modes.push({
      id: 'store',
      text: {
        en: 'Records go to the spool: the store is late or refuses them',
        zh: '存储滞后或拒绝写入,记录正写入暂存区',
      },
    })
  if (store === 'failed')
    modes.push({
      id: 'store',
      text: { en: 'Records cannot be stored: all parts are held', zh: '记录无法保存,所有工件扣留' },
    })
  if (canaryWrong)
    modes.push({
      id: 'canary',
      text: {
        en: 'A canary was judged differently: the parts that its recipe judges are held',
        zh: '金丝雀图像判定异常:由该配方判定的工件扣留',
      },
    })
  return modes
}

/** A camera whose pictures come too late, or that pushes none: no fault of it would end at a line that the fault stopped. */
function cameraMode(station: string, source: FrameSource): LineState['degraded'] {
  const { state } = source.health()
  const id = `camera-${station}`
  if (state === 'late')
    return [
      {
        id,
        text: {
          en: `Pictures of ${station} come late, parts that a PLC triggers are held: the link or this machine is too slow for the stream; lower the bit rate, size or frame rate of the camera`,
          zh: `${station} 的画面滞后,由 PLC 触发的工件将被扣留:链路或本机跟不上视频流,请降低相机的码率、分辨率或帧率`,
        },
      },
    ]
  // Others say themselves that they lost their camera.
  if (state === 'offline' && source.adapter === 'http-push')
    return [
      {
        id,
        text: {
          en: `The camera of ${station} sends nothing, its parts are held: check that it runs, is triggered and reaches its port of this machine`,
          zh: `${station} 的相机没有发送图像,其工件将被扣留:请检查相机是否运行、是否被触发、能否连到本机的端口`,
        },
      },
    ]
  return []
}

/** A sink that takes nothing just now. */
const sinkMode = ({ sink, retrying }: LineState['sinks'][number]): LineState['degraded'] =>
  retrying
    ? [
        {
          id: `sink-${sink}`,
          text: {
            en: `${sink} does not take events, they wait: ${retrying.reason}`,
            zh: `${sink} 未接收事件,事件等待重发:${retrying.reason}`,
          },
        },
      ]
    : []

function recipeFacts({ id, recipe }: LoadedRecipe): RecipeFacts {
  return {
    recipe: id,
    title: recipe.title,
    product: recipe.product.id,
    calibration: recipe.calibration
      ? { mmPerPx: recipe.calibration.mmPerPx, originMm: recipe.calibration.originMm }
      : null,
    goldenSha256: recipe.golden?.from === 'file' ? recipe.golden.sha256 : null,
  }
}
