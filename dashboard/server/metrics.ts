import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { InspectionCompleted, LoggedEvent } from '../../contracts/index.ts'
import type { LiveFeed } from './live/live-feed.ts'
import { inspectionOf } from './live/inspection-facts.ts'
import type { LiveLine, PartQueries } from './ports.ts'

/** Seconds; from a fast rule to a part that is far too late. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const STAGES = { transfer: 'transferMs', queue: 'queueMs', preprocess: 'preprocMs' } as const
const LATER_STAGES = { inference: 'inferMs', rules: 'ruleMs', total: 'totalMs' } as const
const SERIES = ['station', 'recipe', 'series'] as const
const CAMERA_STATES = ['opening', 'online', 'late', 'idle', 'reconnecting', 'offline', 'disabled'] as const
const STORE_STATES = ['ok', 'late', 'spooling', 'failed'] as const

const READER_HELP = {
  reads: 'Codes and tags read beside the cameras',
  refused: 'Messages of a reader that were no reads',
  stray: 'Reads that no part got in time',
} as const

/** Prometheus metrics. Totals come from the records at scrape time, so that they survive a restart. */
export class Metrics {
  readonly registry = new Registry()
  readonly #queries: PartQueries
  readonly #live: LiveLine
  readonly #feed: LiveFeed
  readonly #stages: Histogram<'station' | 'stage'>

  constructor(queries: PartQueries, live: LiveLine, feed: LiveFeed, version: string) {
    this.#queries = queries
    this.#live = live
    this.#feed = feed
    collectDefaultMetrics({ register: this.registry })
    this.#gauge('build_info', 'Version of the product', ['version', 'node']).set(
      { version, node: process.version },
      1,
    )
    this.#stages = new Histogram({
      name: 'sightline_stage_seconds',
      help: 'Time per stage of one inspection; total is trigger to verdict',
      labelNames: ['station', 'stage'] as const,
      buckets: BUCKETS_S,
      registers: [this.registry],
    })
    this.#records()
    this.#line()
    this.#counter('live_clients_dropped', 'Live clients dropped for being slow', [], (c) =>
      c.inc(feed.dropped),
    )
    this.#gauge('live_clients', 'Connected live clients', [], (g) => g.set(this.#feed.clients))
  }

  /** Feeds the histograms; called for every batch of the log. */
  observe(batch: readonly LoggedEvent[]): void {
    for (const logged of batch) {
      const part = inspectionOf(logged)
      if (!part) continue
      const { timing } = logged.event.data as InspectionCompleted
      for (const [stage, key] of Object.entries({ ...STAGES, ...LATER_STAGES }))
        this.#stages.observe({ station: part.station, stage }, timing[key] / 1000)
    }
  }

  #records(): void {
    this.#counter('triggers', 'Triggers accepted', ['station'], async (c) => {
      for (const b of await this.#queries.triggerBalance()) c.inc({ station: b.station }, b.triggers)
    })
    this.#gauge('triggers_open', 'Triggers not yet judged', ['station'], async (g) => {
      for (const b of await this.#queries.triggerBalance()) g.set({ station: b.station }, b.open)
    })
    this.#gauge(
      'trigger_balance_closed',
      '1: triggers = verdicts + no-verdicts + open, and none is unwritten',
      ['station'],
      async (g) => {
        for (const b of await this.#queries.triggerBalance()) g.set({ station: b.station }, b.closed ? 1 : 0)
      },
    )
    this.#counter('verdicts', 'Verdicts by result', ['station', 'result'], async (c) => {
      for (const { station, pass, fail, inconclusive } of await this.#queries.counters()) {
        c.inc({ station, result: 'pass' }, pass)
        c.inc({ station, result: 'fail' }, fail)
        c.inc({ station, result: 'inconclusive' }, inconclusive)
      }
    })
    this.#counter('no_verdicts', 'Triggers without a verdict by reason', ['station', 'reason'], async (c) => {
      for (const { station, noVerdict } of await this.#queries.counters())
        for (const [reason, n] of Object.entries(noVerdict)) c.inc({ station, reason }, n)
    })
  }

  #line(): void {
    const state = this.#live.state.bind(this.#live)
    const fact = (name: string, help: string, read: () => number): void => {
      this.#gauge(name, help, [], (g) => g.set(read()))
    }
    fact('inspector_queue', 'Frames waiting for a worker', () => state().inspector.queued)
    fact('inspector_busy', 'Workers judging', () => state().inspector.busy)
    fact('inspector_workers', 'Workers alive', () => state().inspector.workers)
    fact('store_queue', 'Records waiting for the store', () => state().store.queued)
    fact('store_spooled', 'Records in the spool', () => state().store.spooled)
    fact('degraded_modes', 'Declared degraded modes', () => state().degraded.length)
    this.#counter('inspector_completed', 'Inspections completed', [], (c) =>
      c.inc(state().inspector.completed),
    )
    this.#counter('inspector_failed', 'Inspections that failed', [], (c) => c.inc(state().inspector.failed))
    this.#counter('inspector_restarts', 'Workers restarted', [], (c) => c.inc(state().inspector.restarts))
    this.#counter('store_captured', 'Records committed', [], (c) => c.inc(state().store.captured))
    this.#gauge('store_state', '1 for the present state', ['state'], (g) => {
      for (const s of STORE_STATES) g.set({ state: s }, state().store.state === s ? 1 : 0)
    })
    this.#gauge('camera_state', '1 for the present state', ['station', 'state'], (g) => {
      for (const { id, camera } of state().stations)
        for (const s of CAMERA_STATES) g.set({ station: id, state: s }, camera.state === s ? 1 : 0)
    })
    this.#counter('camera_frames', 'Frames received', ['station'], (c) => {
      for (const { id, camera } of state().stations) c.inc({ station: id }, camera.frames)
    })
    this.#counter('camera_missed', 'Triggers without a frame', ['station'], (c) => {
      for (const { id, camera } of state().stations) c.inc({ station: id }, camera.missed)
    })
    this.#gauge('gate_connected', '1: the reject gate answers', ['station'], (g) => {
      for (const { id, reject } of state().stations) g.set({ station: id }, reject.connected ? 1 : 0)
    })
    this.#gauge('sink_position', 'Last event the sink has dealt with', ['sink'], (g) => {
      for (const { sink, position } of state().sinks) g.set({ sink }, position)
    })
    this.#counter('sink_dead', 'Events a sink did not take, since the start', ['sink'], (c) => {
      for (const { sink, dead } of state().sinks) c.inc({ sink }, dead)
    })
    this.#gauge('plant_behind', 'Events that the plant store is not known to have received', [], (g) => {
      const { plantStore } = state()
      if (plantStore) g.set(Math.max(0, plantStore.events - plantStore.received))
    })
    this.#gauge('reader_connected', '1: the reader reads', ['reader'], (g) => {
      for (const { reader, state: s } of state().readers) g.set({ reader }, s === 'running' ? 1 : 0)
    })
    for (const what of ['reads', 'refused', 'stray'] as const)
      this.#counter(`reader_${what}`, READER_HELP[what], ['reader'], (c) => {
        for (const r of state().readers) c.inc({ reader: r.reader }, r[what])
      })
    const models = () => this.#live.models?.() ?? { drift: [], waiting: 0, escapes: [] }
    this.#gauge('score_psi', 'Stability index of the last window of a score', SERIES, (g) => {
      for (const { psi, station, recipe, series } of models().drift) g.set({ station, recipe, series }, psi)
    })
    this.#gauge('score_ks', 'Kolmogorov-Smirnov distance of the last window of a score', SERIES, (g) => {
      for (const { d, station, recipe, series } of models().drift) g.set({ station, recipe, series }, d)
    })
    fact('review_waiting', 'Parts that wait for review', () => models().waiting)
    this.#gauge('escape_rate', 'Bad parts among the passed ones, estimated', ['station', 'recipe'], (g) => {
      for (const { station, recipe, estimate } of models().escapes)
        if (estimate !== null) g.set({ station, recipe }, estimate)
    })
    this.#gauge('escape_rate_high', 'Upper limit of it, 95 %', ['station', 'recipe'], (g) => {
      for (const { station, recipe, high } of models().escapes)
        if (high !== null) g.set({ station, recipe }, high)
    })
    this.#gauge('alarm_active', 'Active alarms', ['station', 'alarm'], (g) => {
      for (const { station, alarm } of state().alarms) g.set({ station, alarm }, 1)
    })
  }

  #counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    fill: (counter: Counter<L>) => void | Promise<void>,
  ): void {
    new Counter({
      name: `sightline_${name}_total`,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        this.reset()
        await fill(this)
      },
    })
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    fill?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({
      name: `sightline_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...(fill && {
        async collect(this: Gauge<L>) {
          this.reset()
          await fill(this)
        },
      }),
    })
  }
}
