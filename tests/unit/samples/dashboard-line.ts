import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  CodedError,
  type LoggedEvent,
  type NoVerdictReason,
  type StationHealth,
  type TraceFact,
} from '../../../contracts/index.ts'
import type {
  FactPort,
  ImageReader,
  LineInfo,
  LineState,
  LiveLine,
  ModuleHandlers,
  PartDetail,
  PartQueries,
  PartRow,
  SinkLetter,
  SinkPort,
  SinkRow,
  StationCounters,
  UnitLife,
} from '../../../dashboard/index.ts'
import { BUDGET_MS, inspectionEvent, makePart, RECIPE, type PartPlan } from './dashboard-part.ts'
import { drawBoard, FLAWS, storePgm } from './dashboard-board.ts'
import { recallText } from '../../../traceability/query/index.ts'
import { causeTable } from './dashboard-causes.ts'
import { leanHandlers } from './dashboard-lean.ts'

const STATIONS = ['st10-top', 'st20-bottom'] as const

/** An in-memory line for tests of the dashboard: every port, one event log, nothing of the real store. */
export class FakeLine {
  readonly parts: PartDetail[] = []
  readonly events: LoggedEvent[] = []
  readonly state: LineState = healthyState()
  readonly sinkRows: SinkRow[] = []
  readonly letters: SinkLetter[] = []
  readonly replays: { sink: string; from?: number; by: string }[] = []
  readonly dir: string
  golden = ''
  #board: string[] = []
  #listeners = new Set<() => void>()

  constructor(dir: string) {
    this.dir = dir
  }

  /** Draws the boards and judges `count` of them. */
  async fill(count: number): Promise<void> {
    this.golden = storePgm(this.dir, await drawBoard([], 62))
    for (let i = 0; i <= FLAWS.length; i++)
      this.#board.push(storePgm(this.dir, await drawBoard(FLAWS.slice(0, i), 60)))
    const from = Date.now() - count * 1_900
    for (let i = 0; i < count; i++) this.judge({ at: new Date(from + i * 1_900).toISOString() })
  }

  /** The next part of the line; every 5th fails, every 11th is grey, every 17th is late. */
  judge(over: Partial<PartPlan> = {}): PartDetail {
    const n = this.parts.length + 1
    const flaws = n % 5 === 0 ? 1 + ((n / 5) % FLAWS.length) : 0
    const noVerdict: NoVerdictReason | undefined =
      n % 17 === 0 ? 'deadline' : n % 23 === 0 ? 'missed' : undefined
    const plan: PartPlan = {
      position: this.events.length + 1,
      trigger: Math.ceil(n / 2),
      station: STATIONS[(n + 1) % 2] ?? STATIONS[0],
      serial: `SN${String(240_000 + n)}`,
      at: new Date().toISOString(),
      image: noVerdict === 'missed' ? null : (this.#board[flaws] ?? null),
      golden: this.golden,
      flaws: noVerdict ? [] : FLAWS.slice(0, flaws),
      grey: n % 11 === 0,
      totalMs: noVerdict === 'deadline' ? 131 : 38 + ((n * 7) % 23) + (n % 29 === 0 ? 40 : 0),
      ...(noVerdict ? { noVerdict } : {}),
      ...over,
    }
    const part = makePart(plan)
    part.siblings = [
      ...this.parts.filter((p) => p.row.serial === part.row.serial).map((p) => p.row),
      part.row,
    ]
    this.parts.push(part)
    this.#append({ position: plan.position, event: inspectionEvent(part) })
    return part
  }

  alarm(data: StationHealth): void {
    const position = this.events.length + 1
    const base = inspectionEvent(this.parts[0] ?? makePart(neverPlan))
    this.#append({
      position,
      event: { ...base, type: 'qe.station.health.v1', subject: `station/${data.station}`, data },
    })
  }

  wake(): void {
    for (const listener of this.#listeners) listener()
  }

  #append(event: LoggedEvent): void {
    this.events.push(event)
    this.wake()
  }

  readonly queries: PartQueries = {
    recentParts: ({ limit, beforePosition = Infinity, afterPosition, station, result, ...f }) => {
      const rows = this.parts
        .map((p) => p.row)
        .filter((r) => r.position < beforePosition && r.position > (afterPosition ?? 0))
        .filter((r) => station === undefined || r.station === station)
        .filter((r) => result === undefined || r.result === result)
        .filter((r) => f.class === undefined || r.defects.some((d) => d.class === f.class))
        .filter((r) => f.lot === undefined || r.lot === f.lot)
        .filter((r) => (f.from ?? '') <= r.at && r.at < (f.to ?? '9999'))
      return (afterPosition === undefined ? rows.toReversed() : rows).slice(0, limit)
    },
    part: (id) => this.parts.find((p) => p.row.inspectionId === id) ?? null,
    bySerial: (serial) => {
      const own = this.parts.filter((p) => p.row.serial === serial)
      const first = own[0]
      if (!first) return null
      return {
        serial,
        inspections: own.map((p) => p.row),
        edges: first.edges,
        events: own.flatMap((p) => p.events),
      }
    },
    serialsFrom: (text, limit) =>
      [...new Set(this.parts.map((p) => p.row.serial))]
        .filter((s) => s.startsWith(text))
        .sort()
        .slice(0, limit),
    unitLives: (serial) => {
      const last = this.parts.findLast((p) => p.row.serial === serial)?.row
      return last ? [lifeOf(last, this.parts.filter((p) => p.row.serial === serial).length)] : []
    },
    recallText: ({ target }, form, bom = false) => {
      const at = '2026-01-01T00:00:00.000Z'
      const none = { certain: 0, probable: 0, places: {}, cut: false, units: [] }
      return recallText({ target, of: [target], at, ...none }, form, { bom })
    },
    holds: () => [],
    ncrs: () => ({ total: 0, reports: [] }),
    ncr: () => null,
    causeCounts: ({ class: of }) =>
      of === undefined
        ? [
            { factor: 'lot', value: 'L1', n: 400, bad: 4, undecided: 0 },
            { factor: 'lot', value: 'L7', n: 100, bad: 12, undecided: 0 },
            { factor: 'station', value: 'st10-top', n: 500, bad: 16, undecided: 0 },
          ]
        : [],
    causeTable: ({ class: of }) => causeTable(of === undefined),
    defectPlaces: () => ({ recipes: [], view: null }),
    counters: () => STATIONS.map((station) => this.#count(station)),
    triggerBalance: (from = '', to = '9999') =>
      STATIONS.map((station) => {
        const own = this.parts.filter((p) => p.row.station === station && p.row.at >= from && p.row.at < to)
        const noVerdicts = own.filter((p) => p.row.noVerdict !== null).length
        return {
          station,
          triggers: own.length + 1,
          verdicts: own.length - noVerdicts,
          noVerdicts,
          open: 1,
          closed: true,
        }
      }),
    sinks: () => this.sinkRows,
    sinkLetters: ({ limit, before = Infinity }) =>
      this.letters.filter((l) => l.position < before).slice(0, limit),
    exportPage: () => ({ rows: [], next: null }),
    defectClasses: () => this.queries.defectPareto(),
    defectPareto: () => {
      const counts = new Map<string, number>()
      for (const { row } of this.parts)
        for (const d of row.defects) counts.set(d.class, (counts.get(d.class) ?? 0) + 1)
      return [...counts]
        .map(([name, count]) => ({ class: name, count }))
        .toSorted((a, b) => b.count - a.count)
    },
    eventsAfter: (position, limit) => this.events.filter((e) => e.position > position).slice(0, limit),
    lastPosition: () => this.events.length,
  }

  readonly live: LiveLine = {
    info: () => info,
    state: () => this.state,
    recipe: (id) =>
      id === RECIPE
        ? {
            recipe: RECIPE,
            title: { zh: '电路板正面', en: 'Board, top side' },
            product: 'BRD-640',
            calibration: { mmPerPx: 1 / 48, originMm: [0, 0] },
            goldenSha256: this.golden || null,
          }
        : null,
    onAppend: (listener) => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    },
  }

  readonly images: ImageReader = {
    path: (sha256) => {
      const path = join(this.dir, `${sha256}.pgm`)
      return existsSync(path) ? path : null
    },
  }

  readonly facts: FactPort = {
    recordNcrStep: (step) => Promise.reject(new CodedError('TRC_NCR', { actual: step.kind })),
    recordFact: (fact) => {
      if (fact.kind === 'rework' && fact.unit === 'unit/none')
        return Promise.reject(new CodedError('TRC_NOT_FOUND', { actual: fact.unit }))
      this.stated.push(fact)
      return Promise.resolve({
        id: fact.id,
        position: this.events.length + this.stated.length,
        repeated: false,
      })
    },
  }
  readonly stated: TraceFact[] = []

  readonly sinks: SinkPort = {
    replay: (sink, ask) => {
      this.replays.push({ sink, ...ask })
      return Promise.resolve()
    },
  }

  readonly modules: ModuleHandlers = { handlers: leanHandlers }

  #count(station: string): StationCounters {
    const own = this.parts.filter((p) => p.row.station === station).map((p) => p.row)
    const noVerdict: StationCounters['noVerdict'] = {}
    for (const row of own) if (row.noVerdict) noVerdict[row.noVerdict] = (noVerdict[row.noVerdict] ?? 0) + 1
    const judged = own.filter((row) => row.noVerdict === null)
    const of = (result: string): number => judged.filter((row) => row.result === result).length
    const inspected = judged.length
    return {
      station,
      inspected,
      pass: of('pass'),
      fail: of('fail'),
      inconclusive: of('inconclusive'),
      noVerdict,
    }
  }
}

/** A unit made of one lot, lying in one pallet. */
function lifeOf(row: PartRow, inspections: number): UnitLife {
  const uri = `urn:sightline:serial:${row.product}:${row.serial}`
  const link = (name: string): UnitLife['backward'] => ({
    total: 1,
    cut: false,
    items: [{ uri: name, name, depth: 1, certain: true, via: uri, level: 0 }],
  })
  return {
    uri,
    serial: row.serial,
    product: row.product,
    lot: row.lot,
    aliases: [{ scheme: 'direct', value: '(01)09506000134352(21)A1' }],
    where: {
      uri,
      serial: row.serial,
      product: row.product,
      lot: row.lot,
      place: 'packed',
      into: null,
      pallet: 'pallet/P1',
      shipment: null,
      customer: null,
      order: null,
      returnedAt: null,
      returnedFrom: null,
      returnedTo: null,
      station: row.station,
      judgedAt: row.at,
      disposition: row.disposition,
    },
    hold: null,
    ncrs: [],
    inspections: { total: inspections, items: [] },
    rework: { count: 0, firstResult: row.result, lastResult: row.result },
    timeline: { total: 0, entries: [] },
    backward: link('lot/LOT-2407'),
    forward: link('pallet/P1'),
    siblings: [
      {
        kind: 'lot',
        shared: 'lot/LOT-2407',
        count: 2,
        cut: false,
        units: [{ serial: 'SN240001', uri: 'urn:x' }],
      },
    ],
  }
}

const neverPlan: PartPlan = {
  position: 0,
  trigger: 0,
  station: STATIONS[0],
  serial: 'none',
  at: '2026-01-01T00:00:00.000Z',
  image: null,
  golden: '',
  flaws: [],
  totalMs: 0,
}

const info: LineInfo = {
  line: 'demo',
  plant: 'plant-1',
  title: { zh: '电路板样品线', en: 'Sample board line' },
  startedAt: '2026-01-01T06:00:00.000Z',
  timeZone: 'Asia/Shanghai',
  stations: STATIONS.map((id) => ({
    id,
    camera: 'sample-line',
    reject: 'recording',
    recipe: RECIPE,
    budgetMs: BUDGET_MS,
  })),
  recipes: [],
  modules: ['lean'],
}

function healthyState(): LineState {
  return {
    at: new Date().toISOString(),
    run: 'running',
    stations: STATIONS.map((id) => ({
      id,
      camera: {
        state: 'online',
        frames: 412,
        missed: 1,
        faults: 0,
        restarts: 0,
        lastFrameAtMs: Date.now(),
        lastError: null,
      },
      reject: { connected: true, applied: 410, failed: 0, lastError: null },
    })),
    inspector: {
      mode: 'local',
      workers: 2,
      busy: 1,
      queued: 0,
      completed: 823,
      failed: 0,
      restarts: 0,
      provider: 'cpu',
      degraded: null,
    },
    store: { state: 'ok', queued: 0, spooled: 0, captured: 823, lastError: null },
    sinks: [],
    readers: [],
    alarms: [],
    degraded: [],
  }
}
