import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CameraItem,
  type CaptureAck,
  type CaptureRequest,
  type GateNote,
  type CountedTrigger,
  type FrameSource,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  type LateOutcome,
  monoMs,
  noVerdict,
  type NoVerdictReason,
  type PartStore,
  type RejectCommand,
  type RejectOutput,
  uuidv7,
} from '../../../contracts/index.ts'
import type { LoadedRecipe } from '../../../inspection/recipes/index.ts'

export const recipe = {
  id: 'r@1',
  sha256: 'a'.repeat(64),
  dir: '',
  file: '',
  recipe: { product: { id: 'p', revision: 'A' }, identity: 'none', tools: [] },
} as unknown as LoadedRecipe

export const IDLE: InspectorHealth = {
  mode: 'local',
  workers: 1,
  busy: 0,
  queued: 0,
  completed: 0,
  failed: 0,
  restarts: 0,
  provider: 'cpu',
  degraded: null,
}

export function outcome(
  result: 'pass' | 'fail',
  extra: Partial<InspectOutcome['verdict']> = {},
): InspectOutcome {
  return {
    verdict: {
      ...noVerdict(recipe, { reason: 'tool', code: 'INS_TOOL', message: '' }),
      noVerdict: null,
      result,
      disposition: result === 'pass' ? 'release' : 'scrap',
      ...extra,
    },
    timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 1 },
    widthPx: 2,
    heightPx: 2,
    worker: 'test',
  }
}

export const unjudged = (reason: NoVerdictReason): InspectOutcome => ({
  ...outcome('pass'),
  verdict: noVerdict(recipe, { reason, code: 'INS_DEADLINE', message: 'late' }),
})

let released = 0
export const releasedFrames = (): number => released

export function frame(trigger: number): CameraItem {
  const buffer = new SharedArrayBuffer(4)
  return {
    kind: 'frame',
    frame: {
      meta: {
        frameId: uuidv7(),
        station: 's1',
        view: 'top',
        trigger,
        cameraCounter: trigger,
        capturedAt: new Date().toISOString(),
        triggeredAtMs: monoMs(),
        format: { kind: 'raw', pixel: 'mono8', widthPx: 2, heightPx: 2 },
        byteLength: 4,
        source: 'test',
        simulated: true,
      },
      bytes: new Uint8Array(buffer),
      slot: 0,
      release: () => (released += 1),
    },
  }
}

/** A source that yields the given items, each after its own delay. */
export function sourceOf(items: CameraItem[], gapMs = 0): FrameSource {
  return {
    adapter: 'test',
    open: () => Promise.resolve(),
    async *items() {
      for (const item of items) {
        if (gapMs > 0) await sleep(gapMs)
        if (item.kind === 'frame') item.frame.meta.triggeredAtMs = monoMs()
        yield item
      }
      yield { kind: 'end' }
    },
    health: () => ({
      state: 'online',
      frames: 0,
      missed: 0,
      faults: 0,
      restarts: 0,
      lastFrameAtMs: null,
      lastError: null,
    }),
    close: () => Promise.resolve(),
  }
}

export function inspectorOf(
  judge: (trigger: number) => { outcome: InspectOutcome; late?: LateOutcome; afterMs?: number },
): Inspector {
  return {
    inspect(job) {
      const r = judge(job.meta.trigger)
      return {
        outcome: sleep(r.afterMs ?? 0).then(() => r.outcome),
        settled: sleep((r.afterMs ?? 0) + 5).then(() => r.late ?? null),
      }
    },
    health: () => IDLE,
    close: () => Promise.resolve(),
  }
}

/** Gate and store that write one common diary, so that tests can read the order of things. */
export class Diary {
  readonly lines: string[] = []
  readonly captured: CaptureRequest[] = []
  readonly announced: { trigger: number; attempt?: number }[] = []
  readonly commands: RejectCommand[] = []
  readonly events: { type: string; data: unknown }[] = []
  readonly gateNotes: GateNote[] = []
  last: CountedTrigger | null = null
  captureMs = 0
  failCapture = false

  readonly output: RejectOutput = {
    adapter: 'test',
    open: () => Promise.resolve(),
    apply: (command) => {
      this.commands.push(command)
      this.lines.push(`gate ${command.trigger} ${command.action}`)
      return Promise.resolve({ ok: true, atMs: monoMs() })
    },
    setReady: (on) => void this.lines.push(`ready ${on}`),
    setFault: (on) => void this.lines.push(`fault ${on}`),
    health: () => ({ connected: true, applied: 0, failed: 0, lastError: null }),
    close: () => Promise.resolve(),
  }

  readonly store: PartStore = {
    openTrigger: (t) => {
      this.announced.push(t)
      return Promise.resolve(void this.lines.push(`open ${t.trigger}`))
    },
    capture: async (request): Promise<CaptureAck> => {
      this.captured.push(request)
      await sleep(this.captureMs)
      if (this.failCapture) throw new Error('disk gone')
      this.lines.push(`stored ${request.trigger} ${request.outcome.verdict.result}`)
      return { inspectionId: request.inspectionId, durable: 'store', serial: 's', sequence: '1' }
    },
    annotate: (_id, note) => {
      if (note.gate) this.gateNotes.push(note.gate)
      return Promise.resolve(void this.lines.push(note.late ? 'note late' : 'note gate'))
    },
    lastTrigger: () => Promise.resolve(this.last),
    closeInterrupted: (_station, { trigger }) =>
      Promise.resolve((this.lines.push(`close below ${trigger}`), 1)),
    balance: () => Promise.resolve([]),
    recordNcrStep: () => Promise.resolve({ ncr: 'l-2026-0001', position: 1, repeated: false }),
    recordFact: (fact) => Promise.resolve({ id: fact.id, position: 1, repeated: false }),
    emit: (event) => Promise.resolve(void this.events.push({ type: event.type, data: event.data })),
    health: () => ({ state: 'ok', queued: 0, spooled: 0, captured: 0, lastError: null }),
    close: () => Promise.resolve(),
  }
}
