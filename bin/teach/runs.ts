import { access, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded, CodedError, isDiskFull, makeFolder, toWordedFact, uuidv7 } from '../../contracts/index.ts'
import { removeLeftDrafts, type TeachProgress } from '../../models/index.ts'
import type { ShownTeachRun, TeachEstimateAnswer, TeachPicture } from '../../dashboard/index.ts'
import { replaceDurably } from '../../traceability/index.ts'
import { log } from '../setup/log.ts'
import { taughtDir } from '../setup/paths.ts'
import type { DefectSource, TeachAgainAsk, TeachAsk, TeachSource } from './ask.ts'
import { gatherImages, type TeachImagePorts, type Wanted } from './images.ts'
import { teachInThread, type TeachAnswer } from './job.ts'
import { newModel, nextModel, type Ordered, type TeachOrderParts } from './order.ts'
import { type TaughtStep, teachPicture } from './picture.ts'

export interface TeachRunsParts extends TeachImagePorts, TeachOrderParts {
  /** Finished runs and images on their way to be taught lie in `teach/` below it. */
  dataDir: string
}

type Estimate = NonNullable<TeachProgress['estimate']>

export interface TeachRun extends ShownTeachRun {
  ask: TeachAsk | (TeachAgainAsk & { id: string })
}

interface Work {
  /** Null = an estimate, or an ask that is being looked at. */
  run: TeachRun | null
  stop: AbortController
  done: Promise<void>
}

/** An estimate is not refused for its length, s. */
const LONGEST_S = 86_400
/** Runs that are shown. */
const SHOWN = 20
const RUN_FILE = /^[0-9a-f-]{36}\.json$/

/**
 * Teachings that a page starts beside the line: one at a time, in a thread that gives way to all others, by the same
 * code as `sightline teach`. A package is there when it is whole, or not at all.
 */
export class TeachRuns {
  readonly #parts: TeachRunsParts
  readonly #dir: string
  #ended: TeachRun[] = []
  #work: Work | null = null

  private constructor(parts: TeachRunsParts) {
    this.#parts = parts
    this.#dir = join(parts.dataDir, 'teach')
  }

  /** Reads how earlier runs ended; one that a stop of the program ended is said to have failed. */
  static async open(parts: TeachRunsParts): Promise<TeachRuns> {
    const runs = new TeachRuns(parts)
    await runs.#load()
    return runs
  }

  state(): { running: TeachRun | null; runs: TeachRun[]; folders: readonly string[] } {
    return { running: this.#work?.run ?? null, runs: this.#ended, folders: this.#parts.folders }
  }

  /** How long it would take, by one image and one product measured here and now. Makes nothing. @throws TCH_BUSY */
  estimate(ask: TeachAsk): Promise<TeachEstimateAnswer> {
    return this.#alone(async (stop) => {
      const ordered = await newModel({ ...ask, timeLimitS: LONGEST_S }, this.#parts)
      const dir = join(this.#dir, uuidv7())
      try {
        const { order, images, withoutImage } = await this.#gather(ordered, dir, stop.signal)
        let estimate: Estimate | undefined
        await teachInThread(order, this.#parts.environment, stop.signal, (p: TeachProgress) => {
          estimate ??= p.estimate
          if (estimate !== undefined) stop.abort()
        }).catch((error: unknown) => {
          if (estimate === undefined) throw error
        })
        if (estimate === undefined) throw new CodedError('TCH_CANCELLED')
        return { version: order.version, images, withoutImage, estimate }
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    })
  }

  /** Starts a teaching; what becomes of it is in `state`. @throws TCH_BUSY; what is wrong with the ask */
  start(ask: TeachAsk): Promise<TeachRun> {
    return this.#begin(ask, (a) => newModel(a, this.#parts))
  }

  /** The same for a new version of a taught model, with other images. @throws as `start`; MDL_UNKNOWN, TCH_DATA */
  again(ask: TeachAgainAsk): Promise<TeachRun> {
    return this.#begin(ask, (a) => nextModel(a, this.#parts))
  }

  /** An image that was taught, small, by its name in the report of a run. @throws API_NOT_FOUND */
  async picture(id: string, name: string): Promise<TeachPicture> {
    const { running, runs } = this.state()
    const all = running === null ? runs : [running, ...runs]
    const steps: TaughtStep[] = []
    // An image may have been taught by the run that this one changed, or by an older one before that.
    let at = all.findIndex((r) => r.id === id)
    for (let run = all[at]; run !== undefined; run = all[at]) {
      const { ask, of } = run
      steps.unshift(
        'source' in ask ? { source: ask.source, remove: [] } : { source: ask.add, remove: ask.remove },
      )
      at = of == null ? -1 : all.findIndex((r, i) => i > at && r.made?.sha256 === of.sha256)
    }
    return teachPicture(name, steps, this.#parts)
  }

  #begin<A extends TeachAsk | TeachAgainAsk>(
    ask: A,
    ordered: (ask: A) => Promise<Ordered>,
  ): Promise<TeachRun> {
    return new Promise((begun, refused) => {
      this.#alone(async (stop, show) => {
        const asked = await ordered(ask)
        const run: TeachRun = {
          id: uuidv7(),
          ask: { ...ask, id: asked.id },
          of: asked.of,
          version: asked.order.version,
          state: 'running',
          startedAt: new Date().toISOString(),
          endedAt: null,
          images: null,
          withoutImage: 0,
          progress: { stage: 'gather', done: 0, total: 1 },
          estimate: null,
          error: null,
          made: null,
        }
        await this.#keep(run)
        show(run)
        begun(run)
        await this.#run(run, asked, stop.signal)
      }).catch(refused)
    })
  }

  /** @throws API_NOT_FOUND when it does not run */
  cancel(id: string): TeachRun {
    const run = this.#work?.run
    if (!run || run.id !== id)
      throw new CodedError('API_NOT_FOUND', { expected: 'the id of the running teaching', actual: id })
    this.#work?.stop.abort()
    return run
  }

  async close(): Promise<void> {
    this.#work?.stop.abort()
    await this.#work?.done
  }

  /** One piece of work at a time. @throws TCH_BUSY */
  async #alone<T>(work: (stop: AbortController, show: (run: TeachRun) => void) => Promise<T>): Promise<T> {
    if (this.#work !== null)
      throw new CodedError('TCH_BUSY', {
        expected: 'no other teaching or estimate',
        actual:
          this.#work.run === null ? 'an estimate' : `${this.#work.run.ask.id} by ${this.#work.run.ask.by}`,
        hint: 'wait for it or cancel it',
        zh: { expected: '没有其他示教或估算在进行', hint: '请等待其完成,或先取消' },
      })
    const own: Work = { run: null, stop: new AbortController(), done: Promise.resolve() }
    this.#work = own
    const done = work(own.stop, (run) => (own.run = run)).finally(() => (this.#work = null))
    own.done = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }

  /** Never rejects: what went wrong is in the run. */
  async #run(run: TeachRun, ordered: Ordered, signal: AbortSignal): Promise<void> {
    const dir = join(this.#dir, run.id)
    try {
      const { order, ...counts } = await this.#gather(ordered, dir, signal)
      Object.assign(run, counts)
      const answer = await teachInThread(
        order,
        this.#parts.environment,
        signal,
        ({ stage, done, total, estimate }) => {
          run.progress = { stage, done, total }
          if (estimate !== undefined) run.estimate = estimate
        },
      )
      run.made = madeOf(answer)
      run.state = 'done'
      log.info({ model: order.id, version: order.version, by: run.ask.by }, 'a model was taught')
    } catch (error) {
      const coded = asCoded(error, 'API_INTERNAL')
      run.state = coded.code === 'TCH_CANCELLED' ? 'cancelled' : 'failed'
      run.error = toWordedFact(coded)
    }
    run.endedAt = new Date().toISOString()
    this.#ended = [run, ...this.#ended].slice(0, SHOWN)
    await rm(dir, { recursive: true, force: true })
      .then(() => this.#keep(run))
      .catch((error: unknown) =>
        log.error({ error: String(error) }, 'how a teaching ended could not be written'),
      )
  }

  /** What is ordered, with its images on the disk. */
  async #gather({ order, good, defects, of }: Ordered, dir: string, signal: AbortSignal) {
    const some = async (
      source: TeachSource | DefectSource | null,
      wanted: Wanted,
    ): Promise<{ places: string[]; images: number | null; withoutImage: number }> => {
      if (source === null) return { places: [], images: null, withoutImage: 0 }
      const { dir: place, ...counts } = await gatherImages(
        source,
        wanted,
        join(dir, wanted.are),
        this.#parts,
        signal,
      )
      return { places: [place], ...counts }
    }
    const taken = await some(good, { are: 'good', least: of === null ? 2 : 1 })
    const bad = await some(defects, { are: 'defective', least: 1 })
    return {
      order: { ...order, good: taken.places, defects: bad.places },
      images: taken.images,
      withoutImage: taken.withoutImage + bad.withoutImage,
    }
  }

  /** Whole or not at all. @throws TRC_DISK_FULL, CFG_USAGE */
  async #keep(run: TeachRun): Promise<void> {
    const file = join(this.#dir, `${run.id}.json`)
    makeFolder(this.#dir)
    await replaceDurably(file, `${JSON.stringify(run)}\n`).catch((error: unknown) => {
      throw asCoded(error, isDiskFull(error) ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
        file,
        expected: 'a place to note how a teaching goes',
      })
    })
  }

  async #load(): Promise<void> {
    const names = await readdir(this.#dir).catch(() => [])
    const runs: TeachRun[] = []
    for (const name of names) {
      // Images of a run that a crash ended.
      if (!RUN_FILE.test(name)) await rm(join(this.#dir, name), { recursive: true, force: true })
      else {
        const run = await readFile(join(this.#dir, name), 'utf8')
          .then((text) => JSON.parse(text) as TeachRun)
          .catch(() => null)
        if (run !== null) runs.push(run)
      }
    }
    this.#ended = runs.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1)).slice(0, SHOWN)
    for (const run of this.#ended) {
      if (run.state !== 'running') continue
      // The version was free when it began, and a package is put in its place when it is whole.
      const place = join(taughtDir(this.#parts.environment), `${run.ask.id}-${run.version}`)
      const written = await access(place).then(
        () => true,
        () => false,
      )
      // Nobody may ever teach this version, which would remove it, too.
      await removeLeftDrafts(place).catch((error: unknown) =>
        log.warn({ error: String(error), place }, 'what is left of a teaching could not be removed'),
      )
      const stopped = new CodedError('TCH_CANCELLED', {
        actual: 'the program was stopped',
        hint: written
          ? `${run.ask.id} ${run.version} was written just before, and is whole; its report is lost`
          : 'nothing was written',
        zh: {
          actual: '程序已停止',
          hint: written ? `${run.ask.id} ${run.version} 刚好已写入且完整;其报告已丢失` : '未写入任何内容',
        },
      })
      Object.assign(run, { state: 'failed', endedAt: run.startedAt, error: toWordedFact(stopped) })
      // A line starts all the same when its disk is full; the next start says it again.
      await this.#keep(run).catch((error: unknown) =>
        log.error({ error: String(error) }, 'how a teaching ended could not be written'),
      )
    }
  }
}

function madeOf({ packed, report }: TeachAnswer): NonNullable<TeachRun['made']> {
  const { scores: _scores, ...rest } = report
  return { dir: packed.dir, sha256: packed.sha256, report: rest }
}
