import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded, CodedError, type ErrorFact, type LineSpec, toFact } from '../contracts/index.ts'
import { type Canary, canaryJob, type LoadedRecipe, type LocalInspector } from '../inspection/index.ts'
import { log } from './log.ts'

const EVERY_MS = 60_000

/**
 * Health is completed work with the right answer: the golden template of each recipe that brings one goes through
 * every worker at start and once a minute. While an answer differs from the one at start, nothing may be released.
 */
export class CanaryWatch {
  readonly #inspector: LocalInspector
  readonly #timer: NodeJS.Timeout
  #fault: ErrorFact | null = null
  #checking = false

  private constructor(inspector: LocalInspector) {
    this.#inspector = inspector
    this.#timer = setInterval(() => void this.#check(), EVERY_MS)
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
    for (const loaded of recipes) {
      const canary = await goldenCanary(inspector, spec, loaded)
      if (canary) canaries.push(canary)
    }
    await inspector.selfTest()
    return new CanaryWatch(inspector)
  }

  get fault(): ErrorFact | null {
    return this.#fault
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const before = this.#fault
    try {
      await this.#inspector.selfTest()
      this.#fault = null
    } catch (error) {
      this.#fault = toFact(asCoded(error, 'INS_CANARY'))
    } finally {
      this.#checking = false
    }
    if (this.#fault && !before) log.error(this.#fault, 'a canary was judged differently: all parts are held')
    if (!this.#fault && before) log.warn(before, 'the canaries are judged right again')
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
    context: {
      ...spec.context,
      line: spec.line,
      plant: spec.plant,
      station: 'canary',
      product: recipe.product.id,
    },
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
