import { asCoded, type ErrorFact, fromFact, type I18n, type LineSpec, toFact } from '../../contracts/index.ts'
import type { Canary, LoadedRecipe, LocalInspector } from '../../inspection/index.ts'
import { log } from '../setup/log.ts'
import { goldenDoubt, judgeGolden } from './golden.ts'

const EVERY_MS = 60_000

/**
 * Health is completed work with the right answer: the golden template of each recipe that brings one goes through
 * every worker at start and once a minute. While an answer differs from the one at start, nothing may be released that
 * this recipe judges, nor what a recipe without a golden template judges while that one is in force.
 */
export class CanaryWatch {
  readonly #inspector: LocalInspector
  readonly #canaries: Canary[]
  readonly #spec: LineSpec
  readonly #inForce: ReadonlyMap<string, LoadedRecipe>
  readonly #timer: NodeJS.Timeout
  /** Answers that all workers gave, by content of the recipe: one that comes back must give the same again. */
  readonly #known = new Map<string, Canary['expect']>()
  /** Recipes whose canary was judged differently when it was last asked. */
  readonly #wrong = new Map<string, ErrorFact>()
  /** Recipes that do not pass their own golden template, and why. */
  readonly #doubts = new Map<string, I18n>()
  /** Recipes, in force or not, whose last answer was another one. */
  readonly #failing = new Set<string>()
  /** When each recipe was asked last what it then answered right; what it passed since may be wrong, should it fail. */
  readonly #right = new Map<string, string>()
  #onFault: (wrong: ReadonlyMap<string, ErrorFact>) => Promise<void> = () => Promise.resolve()
  #checking: Promise<void> | null = null

  private constructor(
    inspector: LocalInspector,
    canaries: Canary[],
    spec: LineSpec,
    inForce: ReadonlyMap<string, LoadedRecipe>,
  ) {
    this.#inspector = inspector
    this.#canaries = canaries
    this.#spec = spec
    this.#inForce = inForce
    this.#timer = setInterval(() => void this.check(), EVERY_MS)
    this.#timer.unref()
  }

  /**
   * @param canaries the list the inspector was started with; filled here
   * @param inForce the recipes that judge parts, read at every question: it may change
   * @throws INS_CANARY when a recipe cannot judge its own golden template, or two workers disagree about it
   */
  static async start(
    inspector: LocalInspector,
    canaries: Canary[],
    spec: LineSpec,
    inForce: ReadonlyMap<string, LoadedRecipe>,
  ): Promise<CanaryWatch> {
    const watch = new CanaryWatch(inspector, canaries, spec, inForce)
    try {
      const recipes = new Map([...inForce.values()].map((r) => [r.id, r]))
      for (const loaded of recipes.values()) await watch.#include(loaded)
      await inspector.selfTest()
      for (const loaded of recipes.values()) watch.#learn(loaded)
      return watch
    } catch (error) {
      watch.stop()
      throw error
    }
  }

  /** What is wrong with the first recipe in force whose canary is judged differently. */
  get fault(): ErrorFact | null {
    for (const { id } of this.#inForce.values()) {
      const fact = this.#wrong.get(id)
      if (fact) return fact
    }
    return null
  }

  /** Recipes in force that let hardly a part pass, also where the last run ended with a canary that failed. */
  get doubts(): { recipe: string; text: I18n }[] {
    return [...this.#doubts].flatMap(([recipe, text]) => (this.#isInForce(recipe) ? [{ recipe, text }] : []))
  }

  /** Why nothing that this recipe judged may be released: one without a canary is as good as those in force. */
  faultOf(recipe: string): ErrorFact | null {
    return this.#canaries.some((c) => c.recipe === recipe) ? (this.#wrong.get(recipe) ?? null) : this.fault
  }

  /**
   * Whether what this recipe judges here may be sent to a line, which may have changed over to it since the start. Its
   * last answer counts: the line, not this host, goes back to another recipe.
   */
  fit(recipe: string): boolean {
    return this.fault === null && !this.#failing.has(recipe)
  }

  /** Told the recipes whose canaries failed, in force or not, after every check that found one. */
  onFault(listener: (wrong: ReadonlyMap<string, ErrorFact>) => Promise<void>): void {
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
    this.refuseWrong(loaded.id)
    this.#learn(loaded)
  }

  /** @throws INS_CANARY when the canary of the recipe was judged differently when it was last asked */
  refuseWrong(recipe: string): void {
    const fact = this.#wrong.get(recipe)
    if (fact) throw fromFact(fact)
  }

  drop(recipe: string): void {
    this.#wrong.delete(recipe)
    this.#failing.delete(recipe)
    this.#right.delete(recipe)
    this.#doubts.delete(recipe)
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
    const askedAt = new Date().toISOString()
    const judged = await judgeGolden(this.#inspector, this.#spec, loaded)
    if (!judged) return
    const { canary, verdict } = judged
    const doubt = goldenDoubt(verdict)
    if (doubt && !this.#known.has(loaded.sha256)) log.warn({ recipe: loaded.id }, doubt.en)
    if (doubt) this.#doubts.set(loaded.id, doubt)
    this.#canaries.push({ ...canary, expect: this.#known.get(loaded.sha256) ?? canary.expect })
    this.#right.set(loaded.id, askedAt)
  }

  /** All workers gave the same answer: one alone may have been the wrong one, and the recipe is asked for once more. */
  #learn({ id, sha256 }: LoadedRecipe): void {
    const own = this.#canaries.find((c) => c.recipe === id)
    if (own) this.#known.set(sha256, own.expect)
  }

  async #check(): Promise<void> {
    const before = this.fault
    // A recipe may be taken or left meanwhile.
    const asked = [...this.#canaries]
    for (const canary of asked) {
      const { recipe } = canary
      const askedAt = new Date().toISOString()
      const fact = await this.#inspector.selfTest(recipe).then(
        () => null,
        (error: unknown) => this.#doubt(recipe, error),
      )
      // Whoever used it may have left it meanwhile.
      if (!this.#canaries.includes(canary)) continue
      if (fact && !this.#wrong.has(recipe)) log.error({ recipe, ...fact }, 'a canary was judged differently')
      if (fact) this.#failing.add(recipe)
      else this.#failing.delete(recipe)
      if (fact) this.#wrong.set(recipe, fact)
      // One that was left for it may still have parts in work, whatever it says now: it is right when it is loaded anew.
      else if (!this.#wrong.has(recipe) || this.#isInForce(recipe)) {
        this.#wrong.delete(recipe)
        this.#right.set(recipe, askedAt)
      }
    }
    if (before && !this.fault) log.warn(before, 'the canaries are judged right again')
    if (this.#wrong.size > 0) await this.#onFault(new Map(this.#wrong))
  }

  #isInForce(recipe: string): boolean {
    return [...this.#inForce.values()].some(({ id }) => id === recipe)
  }

  /** What is wrong with a recipe, and since when: parts that it passed meanwhile are gone, and somebody has to look. */
  #doubt(recipe: string, error: unknown): ErrorFact {
    const fact = toFact(asCoded(error, 'INS_CANARY'))
    const since = this.#right.get(recipe)
    return since === undefined
      ? fact
      : { ...fact, message: `${fact.message}; parts that it passed since ${since} may be wrong` }
  }
}
