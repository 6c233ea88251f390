import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded, CodedError, type ErrorFact, type LineSpec, toFact } from '../../contracts/index.ts'
import { type Canary, canaryJob, type LoadedRecipe, type LocalInspector } from '../../inspection/index.ts'
import { log } from '../setup/log.ts'
import { partContext } from './part-context.ts'

const EVERY_MS = 60_000

/**
 * Health is completed work with the right answer: the golden template of each recipe that brings one goes through
 * every worker at start and once a minute. While an answer differs from the one at start, nothing may be released.
 */
export class CanaryWatch {
  readonly #inspector: LocalInspector
  readonly #canaries: Canary[]
  readonly #spec: LineSpec
  readonly #timer: NodeJS.Timeout
  /** Answers given so far, by content of the recipe: one that comes back must give the same again. */
  readonly #known = new Map<string, Canary['expect']>()
  #onFault: (recipes: string[], fact: ErrorFact) => Promise<void> = () => Promise.resolve()
  #fault: ErrorFact | null = null
  #checking: Promise<void> | null = null

  private constructor(inspector: LocalInspector, canaries: Canary[], spec: LineSpec) {
    this.#inspector = inspector
    this.#canaries = canaries
    this.#spec = spec
    this.#timer = setInterval(() => void this.check(), EVERY_MS)
    this.#timer.unref()
  }

  /**
   * @param canaries the list the inspector was started with; filled here
   * @throws INS_CANARY when a recipe cannot judge its own golden template, or two workers disagree about it
   */
  static async start(
    inspector: LocalInspector,
    canaries: Canary[],
    spec: LineSpec,
    recipes: Iterable<LoadedRecipe>,
  ): Promise<CanaryWatch> {
    const watch = new CanaryWatch(inspector, canaries, spec)
    try {
      for (const loaded of recipes) await watch.#include(loaded)
      await inspector.selfTest()
      return watch
    } catch (error) {
      watch.stop()
      throw error
    }
  }

  get fault(): ErrorFact | null {
    return this.#fault
  }

  /** Told the recipes whose canaries failed, after every check that found one. */
  onFault(listener: (recipes: string[], fact: ErrorFact) => Promise<void>): void {
    this.#onFault = listener
  }

  /**
   * Judges the golden template of a recipe that was prepared, on every worker.
   *
   * @throws INS_CANARY; the recipe has a canary all the same then, until `drop`
   */
  async add(loaded: LoadedRecipe): Promise<void> {
    await this.#include(loaded)
    await this.#inspector.selfTest(loaded.id)
  }

  drop(recipe: string): void {
    const at = this.#canaries.findIndex((c) => c.recipe === recipe)
    if (at >= 0) this.#canaries.splice(at, 1)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** One round over all canaries, now. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = null))
    return this.#checking
  }

  async #include(loaded: LoadedRecipe): Promise<void> {
    const canary = await goldenCanary(this.#inspector, this.#spec, loaded)
    if (!canary) return
    const expect = this.#known.get(loaded.sha256) ?? canary.expect
    this.#known.set(loaded.sha256, expect)
    this.#canaries.push({ ...canary, expect })
  }

  async #check(): Promise<void> {
    const before = this.#fault
    const wrong: string[] = []
    let fault: ErrorFact | null = null
    for (const recipe of this.#canaries.map((c) => c.recipe)) {
      try {
        await this.#inspector.selfTest(recipe)
      } catch (error) {
        fault ??= toFact(asCoded(error, 'INS_CANARY'))
        wrong.push(recipe)
      }
    }
    this.#fault = fault
    if (fault && !before) log.error(fault, 'a canary was judged differently: all parts are held')
    if (!fault && before) log.warn(before, 'the canaries are judged right again')
    if (fault) await this.#onFault(wrong, fault)
  }
}

async function goldenCanary(
  inspector: LocalInspector,
  spec: LineSpec,
  { id, recipe, dir }: LoadedRecipe,
): Promise<Canary | null> {
  if (recipe.golden?.from !== 'file') return null
  const canary: Canary = {
    name: `golden template of ${id}`,
    recipe: id,
    context: partContext(spec, 'canary', recipe.product.id),
    bytes: await readFile(join(dir, recipe.golden.file)),
    format: { kind: 'encoded', mime: 'image/png' },
    expect: { result: 'pass' },
  }
  const { verdict } = await inspector.inspect(canaryJob(canary)).outcome
  if (verdict.noVerdict) {
    throw new CodedError('INS_CANARY', {
      path: id,
      expected: 'a recipe that can judge its own golden template',
      actual: verdict.noVerdict.message,
      hint: 'check golden template, quality limits and tools of the recipe',
    })
  }
  return { ...canary, expect: { result: verdict.result, classes: verdict.findings.map((f) => f.class) } }
}
