import {
  type ActivationCause,
  CodedError,
  type ModelDeployed,
  type RecipeRef,
  type SqlDatabase,
  type SqlRow,
} from '../../contracts/index.ts'

/** One recipe in force at one station. */
export interface Activation {
  n: number
  station: string
  recipe: RecipeRef
  at: string
  by: string
  reason: string
  /** `line`: the recipe of the line file, in force when the station was first started with it. */
  cause: ActivationCause
  gate: string | null
  override: boolean
  /** The activation a rollback returns to; null = there is none. */
  parent: number | null
}

export type ActivationFacts = Pick<Activation, 'by' | 'reason' | 'cause' | 'gate' | 'override'>

interface Row extends SqlRow {
  n: number
  station: string
  recipe: string
  sha256: string
  models: string
  line_sha256: string
  parent: number | null
  at: string
  by: string
  reason: string
  cause: string
  gate: string | null
  override: number
}

/**
 * Which recipe is in force at each station, and the way back. Rolling back twice returns two activations: it never
 * alternates between two recipes, one of which was wrong.
 */
export class Activations {
  readonly #db: SqlDatabase

  /** @param db prepared by `prepareLife` for activations */
  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /**
   * The recipe a station starts with: the one in force when it stopped, unless the line file names another one since
   * then. The line file wins, because somebody edited it; a recipe that it names still, and that is not in force any more,
   * does not come back by a change of its own file.
   */
  resume(station: string, lineRecipe: RecipeRef): RecipeRef {
    const last = this.#last(station)
    if (last && !this.#edited(last, lineRecipe)) return refOf(last)
    this.#insertLine(station, lineRecipe)
    return lineRecipe
  }

  /**
   * Takes over a change that the log tells of and this file does not: the log is told first, so it was stopped between the
   * two. Where more is missing, the file was emptied or is an older copy; what is in force now is not in it.
   *
   * @param told the newest change in the log
   * @returns whether all that the log tells is known now, or `lineRecipe` says the same
   */
  catchUp(station: string, lineRecipe: RecipeRef, at: string, told: ModelDeployed): boolean {
    const last = this.#last(station)
    if (last?.sha256 === told.after.sha256) return true
    const known = this.#db.get(
      // What a line was started with is told last; the clock may have been set since.
      'select 1 as there from activation where station = ? and (at >= ? or (? and sha256 = ?))',
      station,
      at,
      told.cause === 'line' ? 1 : 0,
      told.after.sha256,
    )
    if (known) return true
    const asLine = told.after.sha256 === lineRecipe.sha256
    const edited = last === undefined || this.#edited(last, lineRecipe)
    // A line file that was edited since wins, as always; one that names what it named does not for a change of that file.
    if (
      last?.sha256 === told.before.sha256 &&
      (this.#namesAnother(last, lineRecipe) || this.#takeOver(last, told) || edited)
    )
      return true
    // The file would say what was in force before, and the line file is as it was when that one was.
    if (asLine && !edited) this.#insertLine(station, lineRecipe)
    return asLine
  }

  /** @returns whether what the file has leads to `told` */
  #takeOver(last: Row, told: ModelDeployed): boolean {
    if (told.cause === 'line') return false
    if (told.cause !== 'activate' && this.#row(last.parent)?.sha256 !== told.after.sha256) return false
    this.record(last.station, told.after, told)
    return true
  }

  /** @throws MDL_LIFE when the station was never started */
  current(station: string): Activation {
    const row = this.#last(station)
    if (row) return activationOf(row)
    throw new CodedError('MDL_LIFE', { expected: 'a station of this line', actual: station })
  }

  /** @throws MDL_LIFE when there is nothing to return to */
  previous(station: string): Activation {
    const { parent } = this.current(station)
    const row = this.#row(parent)
    if (row) return activationOf(row)
    throw new CodedError('MDL_LIFE', {
      expected: 'an earlier activation',
      actual: `none at ${station}`,
      zh: { expected: '更早的一次启用', actual: `${station} 没有` },
    })
  }

  /** Puts a recipe in force. A rollback takes the place of the activation it returns to. */
  record(station: string, recipe: RecipeRef, facts: ActivationFacts): Activation {
    const last = this.#last(station)
    if (!last) throw new CodedError('MDL_LIFE', { expected: 'a station of this line', actual: station })
    const parent = facts.cause === 'activate' ? last.n : this.previous(station).parent
    this.#insert(station, recipe, last.line_sha256, parent, facts)
    return this.current(station)
  }

  /** Newest first. */
  history(station: string, limit: number): Activation[] {
    return this.#db
      .all<Row>('select * from activation where station = ? order by n desc limit ?', station, limit)
      .map(activationOf)
  }

  #row(n: number | null): Row | undefined {
    return n === null ? undefined : this.#db.get<Row>('select * from activation where n = ?', n)
  }

  #last(station: string): Row | undefined {
    return this.#db.get<Row>('select * from activation where station = ? order by n desc limit 1', station)
  }

  /** Whether the recipe of the line file comes in force in place of `last`. */
  #edited(last: Row, lineRecipe: RecipeRef): boolean {
    if (last.line_sha256 === lineRecipe.sha256) return false
    return last.recipe === lineRecipe.id || this.#namesAnother(last, lineRecipe)
  }

  /** Whether the line file names another recipe than when `last` came in force, whatever is in the file of that recipe. */
  #namesAnother(last: Row, lineRecipe: RecipeRef): boolean {
    if (last.line_sha256 === lineRecipe.sha256) return false
    const named = this.#db.get<{ recipe: string }>(
      "select recipe from activation where station = ? and cause = 'line' and sha256 = ? order by n desc limit 1",
      last.station,
      last.line_sha256,
    )
    return named?.recipe !== lineRecipe.id
  }

  #insertLine(station: string, recipe: RecipeRef): void {
    const facts = { by: 'line file', reason: '', cause: 'line', gate: null, override: false } as const
    this.#insert(station, recipe, recipe.sha256, null, facts)
  }

  #insert(
    station: string,
    recipe: RecipeRef,
    lineSha: string,
    parent: number | null,
    f: ActivationFacts,
  ): void {
    this.#db.run(
      `insert into activation(station, recipe, sha256, models, line_sha256, parent, at, by, reason, cause, gate, override)
       values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      station,
      recipe.id,
      recipe.sha256,
      JSON.stringify(recipe.models),
      lineSha,
      parent,
      new Date().toISOString(),
      f.by,
      f.reason,
      f.cause,
      f.gate,
      f.override ? 1 : 0,
    )
  }
}

const refOf = (r: Row): RecipeRef => ({
  id: r.recipe,
  sha256: r.sha256,
  models: JSON.parse(r.models) as RecipeRef['models'],
})

const activationOf = (r: Row): Activation => ({
  n: r.n,
  station: r.station,
  recipe: refOf(r),
  at: r.at,
  by: r.by,
  reason: r.reason,
  cause: r.cause as Activation['cause'],
  gate: r.gate,
  override: r.override === 1,
  parent: r.parent,
})
