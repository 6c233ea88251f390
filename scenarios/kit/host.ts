import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  asCoded,
  CodedError,
  schemaFaults,
  toFact,
  type ErrorFact,
  type EventLog,
  type OpenSql,
  type QEvent,
} from '../../contracts/index.ts'
import type { ScenarioModule } from './contract.ts'
import { failedStatus, statusOf, type ModuleStatus } from './health.ts'
import { ModuleInstance } from './instance.ts'
import { JobRunner } from './job-runner.ts'

export interface HostOptions {
  /** Folder of the modules' files, one `<slug>.sqlite` each; created when missing. */
  dir: string
  openSql: OpenSql
  log: EventLog
  /** Takes emitted events into the log; must keep one copy per id. */
  emit: (event: Omit<QEvent, 'sequence'>) => Promise<void>
  /** The line file's `scenarios`: slug and its parameters. */
  modules: readonly { slug: string; params?: unknown }[]
  /** Epoch ms; decides expiry and the age of reference data, never a projection. */
  now?: () => number
  /** Longest time the thread is kept per batch, ms. */
  sliceMs?: number
  /** Whether the disk of `dir` takes what is written now; a module that finds it still goes on later. Absent = it does. */
  diskAnswers?: () => Promise<boolean>
  onFault?: (slug: string, fact: ErrorFact) => void
  /** Hears that a module begins anew, since the log is not the one that it followed. */
  onRebuilt?: (why: CodedError) => void
  /** A job thread shared with other hosts and closed by its owner; absent = the host's own. */
  runner?: JobRunner
}

export interface Registry {
  modules: readonly ScenarioModule[]
  /** File that exports the same list as `MODULES`; the job worker imports it. */
  url: URL
}

const TICK_MS = 1_000

/**
 * The modules a line file names, with their parameters; opens nothing.
 *
 * @throws CFG_UNKNOWN_REFERENCE for an unknown slug; CFG_INVALID for wrong parameters or a repeated slug
 */
export function chooseModules(
  entries: HostOptions['modules'],
  registry: Registry,
): { module: ScenarioModule; params: unknown }[] {
  return entries.map(({ slug, params = {} }, i) => {
    const path = `scenarios[${i}]`
    const module = registry.modules.find((m) => m.manifest.slug === slug)
    if (!module)
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `${path}.use`,
        expected: registry.modules.map((m) => m.manifest.slug).join(' | '),
        actual: slug,
      })
    if (entries.findIndex((e) => e.slug === slug) !== i)
      throw new CodedError('CFG_INVALID', {
        path: `${path}.use`,
        expected: 'each module once',
        actual: slug,
      })
    const parsed = module.params.safeParse(params)
    if (!parsed.success) {
      const [fault, ...more] = schemaFaults(parsed.error, params)
      throw new CodedError('CFG_INVALID', {
        path: fault === undefined || fault.at.length === 0 ? path : `${path}.${fault.path}`,
        expected: fault?.expected ?? 'parameters of the module',
        actual: fault?.actual ?? 'others',
        ...(more.length > 0 && {
          hint: `and ${more.length} more: ${more.map((f) => `${f.path}: expected ${f.expected}, found ${f.actual}`).join('; ')}`,
        }),
      })
    }
    return { module, params }
  })
}

/** Runs the modules of one line: each with its own file and cursor, none able to stop another. */
export class ModuleHost {
  readonly #o: HostOptions
  readonly #runner: JobRunner
  readonly #instances = new Map<string, ModuleInstance>()
  readonly #failed = new Map<string, ModuleStatus>()
  #unlisten: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null
  #minute = -1
  /** What the last tick of a module failed with: said once, not every second. */
  readonly #tickFaults = new Map<string, string>()

  /** @throws CFG_UNKNOWN_REFERENCE for an unknown slug; CFG_INVALID for wrong parameters or a repeated slug */
  constructor(o: HostOptions, registry: Registry) {
    this.#o = o
    this.#runner = o.runner ?? new JobRunner(registry.url)
    const chosen = chooseModules(o.modules, registry)
    mkdirSync(o.dir, { recursive: true })
    for (const { module, params } of chosen) this.#open(module, params)
  }

  #open(module: ScenarioModule, params: unknown): void {
    const { manifest } = module
    const { openSql, log, emit } = this.#o
    try {
      const instance = new ModuleInstance({
        module,
        params,
        path: join(this.#o.dir, `${manifest.slug}.sqlite`),
        openSql,
        log,
        emit,
        runner: this.#runner,
        now: this.now,
        sliceMs: this.#o.sliceMs ?? 20,
        diskAnswers: this.#o.diskAnswers ?? (() => Promise.resolve(true)),
        onFault: this.#o.onFault ?? (() => undefined),
        onRebuilt: this.#o.onRebuilt ?? (() => undefined),
      })
      this.#instances.set(manifest.slug, instance)
    } catch (error) {
      const fact = toFact(asCoded(error, 'EVT_MODULE', { path: manifest.slug }))
      this.#failed.set(manifest.slug, failedStatus(manifest, fact))
      this.#o.onFault?.(manifest.slug, fact)
    }
  }

  now = (): number => (this.#o.now ?? Date.now)()

  /** Follows the log from now on. */
  start(): void {
    if (this.#unlisten) return
    let woken = false
    this.#unlisten = this.#o.log.onAppend(() => {
      if (woken) return
      woken = true
      setImmediate(() => {
        woken = false
        this.#pumpAll()
      })
    })
    this.#timer = setInterval(() => void this.turn(), TICK_MS)
    this.#timer.unref()
    this.#pumpAll()
  }

  #pumpAll(): void {
    for (const m of this.#instances.values()) void m.pump()
  }

  /** What `start` does every second. While the disk stands still nothing: what is written would stand with it, and this thread. */
  async turn(): Promise<void> {
    if (await (this.#o.diskAnswers?.() ?? true)) this.tick()
  }

  /** Time-driven work of all modules. */
  tick(): void {
    const minute = Math.floor(this.now() / 60_000)
    const turned = minute !== this.#minute ? minute : null
    this.#minute = minute
    for (const m of this.#instances.values()) {
      try {
        m.tick(turned)
        this.#tickFaults.delete(m.slug)
      } catch (error) {
        const fact = toFact(asCoded(error, 'EVT_MODULE', { path: m.slug }))
        if (this.#tickFaults.get(m.slug) !== fact.message) this.#o.onFault?.(m.slug, fact)
        this.#tickFaults.set(m.slug, fact.message)
      }
    }
  }

  /** Resolves when all modules have seen the whole log and no job is owed. */
  async drain(): Promise<void> {
    await Promise.all([...this.#instances.values()].map((m) => m.drain()))
  }

  /** @throws API_NOT_FOUND; the module's own fault when its file could not be opened */
  module(slug: string): ModuleInstance {
    const m = this.#instances.get(slug)
    if (m) return m
    const failed = this.#failed.get(slug)
    if (failed?.fault) throw new CodedError('EVT_MODULE', { path: slug, actual: failed.fault.message })
    throw new CodedError('API_NOT_FOUND', {
      expected: [...this.#instances.keys()].join(' | ') || 'no modules are configured',
      actual: slug,
    })
  }

  instances = (): readonly ModuleInstance[] => [...this.#instances.values()]

  status(slug: string): ModuleStatus {
    return this.#failed.get(slug) ?? statusOf(this.module(slug), this.#o.log)
  }

  statuses(): ModuleStatus[] {
    return [...this.#instances.keys(), ...this.#failed.keys()].sort().map((slug) => this.status(slug))
  }

  runJob = (order: Parameters<JobRunner['run']>[0], deadlineMs: number): ReturnType<JobRunner['run']> =>
    this.#runner.run(order, deadlineMs)

  async close(): Promise<void> {
    this.#unlisten?.()
    if (this.#timer) clearInterval(this.#timer)
    for (const m of this.#instances.values()) m.stop()
    if (!this.#o.runner) await this.#runner.close()
    await Promise.all([...this.#instances.values()].map((m) => m.close()))
  }
}
