import { CodedError } from '../../contracts/index.ts'
import type { PreparedFacts } from './messages.ts'

/** What is known of each recipe `id@version` that the threads have loaded. */
export class PreparedRecipes extends Map<string, PreparedFacts> {
  /**
   * A thread has loaded it.
   *
   * @throws MDL_PACKAGE when the others have loaded it with packages of another meaning: they were exchanged since, and some
   *   of the frames would be judged by other labels
   */
  keep(facts: PreparedFacts): void {
    const before = this.get(facts.recipe)
    if (before?.sha256 === facts.sha256 && before.meaningSha256 !== facts.meaningSha256)
      throw new CodedError('MDL_PACKAGE', {
        path: facts.recipe,
        expected: 'model packages of the meaning (labels, inputs, family) that the other threads have loaded',
        actual: 'packages that were exchanged since',
        hint: 'start the program again, so that all threads load the same ones',
      })
    this.set(facts.recipe, facts)
  }

  /** @throws INS_WORKER_LOST when no thread was there to load it */
  mustHave(recipe: string, why: string): void {
    const expected = 'a worker that loads the recipe'
    if (!this.has(recipe)) throw new CodedError('INS_WORKER_LOST', { path: recipe, expected, actual: why })
  }
}
