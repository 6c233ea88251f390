import { CodedError } from '../../contracts/index.ts'
import type { LoadedRecipe } from '../recipes/index.ts'

export interface RackPorts {
  prepare(recipe: LoadedRecipe): Promise<void>
  retire(recipe: string): Promise<void>
  /** Judges the recipe's own golden template on every worker and keeps it as a canary. */
  addCanary(recipe: LoadedRecipe): Promise<void>
  dropCanary(recipe: string): void
}

/**
 * The recipes that the workers have loaded, counted by their users (stations, shadows), so that one is freed when its
 * last user leaves. Changes happen one after the other: two at once would each take a worker from the line.
 */
export class RecipeRack {
  readonly #ports: RackPorts
  readonly #held = new Map<string, { recipe: LoadedRecipe; users: number }>()
  #last: Promise<unknown> = Promise.resolve()

  /** @param loaded recipes the workers were started with, one entry per user */
  constructor(ports: RackPorts, loaded: Iterable<LoadedRecipe>) {
    this.#ports = ports
    for (const recipe of loaded) this.#count(recipe)
  }

  /**
   * Loads a recipe into every worker and has its canary judged, unless that was done for another user.
   *
   * @throws what the recipe threw, INS_CANARY among it; CFG_INVALID when another recipe of that name is in use. Nothing
   * is changed then.
   */
  take(recipe: LoadedRecipe): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#held.get(recipe.id)
      if (held && held.recipe.sha256 !== recipe.sha256)
        throw new CodedError('CFG_INVALID', {
          file: recipe.file,
          path: recipe.id,
          expected: `the content in use (${held.recipe.sha256.slice(0, 12)})`,
          actual: recipe.sha256.slice(0, 12),
          hint: 'a released recipe never changes: raise the version',
        })
      if (!held) {
        await this.#ports.prepare(recipe)
        try {
          await this.#ports.addCanary(recipe)
        } catch (error) {
          this.#ports.dropCanary(recipe.id)
          await this.#ports.retire(recipe.id)
          throw error
        }
      }
      this.#count(recipe)
    })
  }

  /** One user less; the last one frees the recipe in every worker. */
  give(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#held.get(id)
      if (!held || --held.users > 0) return
      this.#held.delete(id)
      this.#ports.dropCanary(id)
      await this.#ports.retire(id)
    })
  }

  #count(recipe: LoadedRecipe): void {
    const held = this.#held.get(recipe.id)
    if (held) held.users += 1
    else this.#held.set(recipe.id, { recipe, users: 1 })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
