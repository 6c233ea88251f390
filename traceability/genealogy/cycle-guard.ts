import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { identityMap } from './identity-names.ts'
import { END } from './no-end.ts'
import { isHolder, shortName } from './things.ts'

/** Kinds whose material flows from parent to child, and from child to parent. */
export const ORIGIN_KINDS = ['associate', 'transform'] as const
export const PACKING_KINDS = ['aggregate', 'ship', 'deliver', 'order'] as const

/** Nodes looked at before the guard gives up and refuses; chains of real plants stay far below. */
const MAX_NODES = 200_000

interface Step {
  uri: string
  start: string
  stop: string
  from: Step | null
}
type EdgeRow = { uri: string; valid_from: string; valid_to: string | null }

/** One direction of the search, breadth first, with the time windows of `flow.ts`. */
class Search {
  readonly #db: SqlDatabase
  readonly #down: boolean
  readonly #goal: string
  readonly #ignored: number
  readonly #merged: IdentityMap
  readonly #seen = new Set<string>()
  readonly #queue: Step[]
  #at = 0

  constructor(
    db: SqlDatabase,
    start: Step,
    goal: string,
    down: boolean,
    { ignored, merged }: { ignored: number; merged: IdentityMap },
  ) {
    this.#db = db
    this.#ignored = ignored
    this.#merged = merged
    this.#down = down
    this.#goal = merged.canonical(goal)
    this.#queue = [{ ...start, uri: merged.canonical(start.uri) }]
  }

  get size(): number {
    return this.#queue.length
  }

  /** Looks at one node: the goal, `null` when nothing is left, `undefined` when the search goes on. */
  next(): Step | null | undefined {
    const step = this.#queue[this.#at++]
    if (step === undefined) return null
    if (step.uri === this.#goal) return step
    for (const e of this.#merged.names(step.uri).flatMap((name) => this.#edges(name))) {
      const uri = this.#merged.canonical(e.uri)
      const to = e.valid_to ?? END
      if (!(later(step.start, e.valid_from) < earlier(step.stop, to))) continue
      const holder = isHolder(uri)
      const next: Step = this.#down
        ? { uri, start: later(step.start, e.valid_from), stop: holder ? to : END, from: step }
        : {
            uri,
            start: holder ? later(step.start, e.valid_from) : '',
            stop: earlier(step.stop, to),
            from: step,
          }
      const key = `${next.uri} ${next.start} ${next.stop}`
      if (this.#seen.has(key)) continue
      this.#seen.add(key)
      this.#queue.push(next)
    }
    return undefined
  }

  #edges(uri: string): EdgeRow[] {
    const [origin, packing] = this.#down ? (['parent', 'child'] as const) : (['child', 'parent'] as const)
    const other = (side: string): string => (side === 'child' ? 'parent' : 'child')
    const list = (kinds: readonly string[]): string => kinds.map((k) => `'${k}'`).join(', ')
    return this.#db.all<EdgeRow>(
      `select ${other(origin)} as uri, valid_from, valid_to from edge
         where ${origin} = ? and kind in (${list(ORIGIN_KINDS)}) and position <> ?
       union all select ${other(packing)} as uri, valid_from, valid_to from edge
         where ${packing} = ? and kind in (${list(PACKING_KINDS)}) and position <> ?`,
      uri,
      this.#ignored,
      uri,
      this.#ignored,
    )
  }
}

/**
 * Refuses an edge along which material would come back to where it came from: a thing is not made from itself, nor in
 * a box that is in it. What was merged is one thing. Searches from both ends in turn, so that the smaller side decides
 * the cost.
 *
 * @param up      where the material comes from
 * @param down    where it goes
 * @param ignored log position of the fact that the new edge replaces; 0 = none
 * @param merged  what was; absent = asked for
 * @throws TRC_GENEALOGY with the path of the cycle
 */
export function refuseCycle(
  db: SqlDatabase,
  { up, down, from, to }: { up: string; down: string; from: string; to: string | null },
  ignored: number,
  merged: IdentityMap = identityMap(db),
): void {
  const stop = to ?? END
  const forward = new Search(
    db,
    { uri: down, start: from, stop: isHolder(down) ? stop : END, from: null },
    up,
    true,
    { ignored, merged },
  )
  const backward = new Search(
    db,
    { uri: up, start: isHolder(up) ? from : '', stop, from: null },
    down,
    false,
    { ignored, merged },
  )
  while (forward.size + backward.size < MAX_NODES) {
    const search = forward.size <= backward.size ? forward : backward
    const found = search.next()
    if (found === null) return
    if (found === undefined) continue
    const path: string[] = []
    for (let s: Step | null = found; s !== null; s = s.from) path.push(s.uri)
    // Read from `down` along the flow to `up`, and over the new edge back to `down`.
    if (search === forward) path.reverse()
    throw refusal([...path, down])
  }
  throw new CodedError('TRC_GENEALOGY', {
    expected: `fewer than ${MAX_NODES} things around ${shortName(up)}`,
    actual: 'more',
  })
}

const refusal = (path: readonly string[]): CodedError =>
  new CodedError('TRC_GENEALOGY', {
    expected: 'a genealogy without cycles',
    actual: path.map(shortName).join(' → '),
    hint: 'one of these links is wrong; supersede it first',
  })

const later = (a: string, b: string): string => (a > b ? a : b)
const earlier = (a: string, b: string): string => (a < b ? a : b)
