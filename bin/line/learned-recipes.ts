import { asCoded, monoMs } from '../../contracts/index.ts'
import { loadRecipe, type RecipeRack } from '../../inspection/index.ts'
import { log } from '../setup/log.ts'

/** Recipes kept at most besides those of the line file. */
const KEPT = 8
/** A recipe that cannot be loaded is tried again after this long, ms: its files may be on their way. */
const AGAIN_MS = 30_000
/** Frames that were taken for a recipe have been judged after this long, ms. */
const FREE_MS = 60_000

/**
 * Recipes that stations of a line changed over to since this host was started, or that were in force already: loaded
 * when the first frame asks for one. The line judges meanwhile.
 */
export class LearnedRecipes {
  /** `id@version` → SHA-256 of what is loaded here. */
  readonly loaded: Map<string, string>
  readonly #recipesDir: string
  readonly #rack: Pick<RecipeRack, 'take' | 'give'>
  readonly #learned: string[] = []
  /** When one may be tried again. */
  readonly #againMs = new Map<string, number>()

  /** @param loaded recipes of the line file */
  constructor(
    recipesDir: string,
    rack: Pick<RecipeRack, 'take' | 'give'>,
    loaded: Iterable<{ id: string; sha256: string }>,
  ) {
    this.#recipesDir = recipesDir
    this.#rack = rack
    this.loaded = new Map([...loaded].map((r) => [r.id, r.sha256]))
  }

  /** A frame asks for a recipe that is not loaded here. Never throws. */
  async learn(id: string, sha256: string): Promise<void> {
    if ((this.#againMs.get(id) ?? 0) > monoMs()) return
    this.#againMs.set(id, Infinity)
    try {
      const recipe = await loadRecipe(this.#recipesDir, id, { sha256 })
      await this.#rack.take(recipe)
      this.loaded.set(id, sha256)
      this.#learned.push(id)
      this.#againMs.delete(id)
      log.info({ recipe: id }, 'a recipe that the line has changed over to is loaded')
      this.#forget()
    } catch (error) {
      const { code, message } = asCoded(error, 'CFG_INVALID')
      // A model that was whole and did not load is not on its way; if it never ends, each try would cost a core.
      this.#againMs.set(id, code === 'MDL_LOAD' ? Infinity : monoMs() + AGAIN_MS)
      log.warn({ recipe: id, code, message }, 'a recipe that the line asks for cannot be loaded')
    }
  }

  /** The one that was learned first; asked for again, it is learned again. */
  #forget(): void {
    const id = this.#learned.length > KEPT ? this.#learned.shift() : undefined
    if (id === undefined) return
    this.loaded.delete(id)
    this.#againMs.set(id, monoMs() + FREE_MS)
    setTimeout(() => void this.#free(id), FREE_MS).unref()
  }

  /** A thread that is lost while it frees the recipe has freed it. */
  async #free(id: string): Promise<void> {
    try {
      await this.#rack.give(id)
    } catch (error) {
      const { code, message } = asCoded(error, 'INS_WORKER_LOST')
      log.warn({ recipe: id, code, message }, 'a recipe that is no longer used could not be freed')
    }
  }
}
