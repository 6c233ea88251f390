import {
  CAUSE_FACTOR_NAMES,
  type CauseFactor,
  type ShiftCalendar,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { type CauseRows, causeRows, type Level, type Unjudged } from './cause-rows.ts'
import { type CauseQuery, namedByReviews } from './first-verdicts.ts'
import { columnsOf } from './json-rows.ts'

export interface CauseTableQuery extends CauseQuery {
  /** Every frequent defect class by itself, too; not together with `class`. */
  eachClass?: boolean
  /** First verdicts looked at, the newest ones; at most and by default 100,000. */
  limit?: number
}

/** Judged parts of one level of a factor, and of the others that it is compared with. */
export interface LevelCount {
  factor: CauseFactor
  value: string
  /** Of parts with this defect class; absent = with the one asked about, or failed at all. */
  class?: string
  n: number
  bad: number
  restN: number
  restBad: number
}

/** Two levels of different factors, and how many parts had both. */
export interface LevelPair {
  a: { factor: CauseFactor; value: string; n: number; bad: number }
  b: { factor: CauseFactor; value: string; n: number; bad: number }
  both: { n: number; bad: number }
}

export interface CauseTable {
  n: number
  bad: number
  /** Judged inconclusive, and not decided by a person since: not among the `n`. */
  undecided: number
  /** The inspections of the window that are neither, from the oldest one looked at on, and how many are older. */
  unjudged: readonly Unjudged[]
  repeated: number
  olderInspections: number
  /** Start of judging of the oldest part looked at, null where there is none. */
  since: string | null
  counts: LevelCount[]
  factors: {
    factor: CauseFactor
    /** Parts for which it is known. */
    n: number
    levels: number
    /** Levels with the fewest parts that were left out; they count among the others. */
    cut: number
    /** Every such part has one level only. */
    single: boolean
  }[]
  /** Of the levels that stand out most. */
  pairs: LevelPair[]
  /** Classes that were compared by themselves, most frequent first, and how many were not. */
  classes: string[]
  classesCut: number
  older: boolean
  later: number
  linksCut: boolean
}

const MAX_PARTS = 100_000
/** Of one factor: the ones with the most parts, whatever became of them, so that the choice favours no result. */
const MAX_LEVELS = 100
const MAX_CLASSES = 6
/** Levels of which it is told what goes together. */
const MAX_PAIRED = 30

interface Outcome {
  class?: string
  bad: Uint8Array
}

/**
 * Counts for the ranking of causes, by everything that is known about a part when it was judged: what its record names,
 * what it is made of, what it lay in. Whatever a bound leaves out is said.
 */
export function causeTable(
  db: SqlDatabase,
  { eachClass = false, limit = MAX_PARTS, ...query }: CauseTableQuery,
  shifts: ShiftCalendar | null = null,
): CauseTable {
  const rows = causeRows(db, query, Math.min(limit, MAX_PARTS), shifts)
  const { outcomes, classesCut } = outcomesOf(db, rows, query, eachClass)
  const counted = count(rows, outcomes)
  const kept = counted.kept.flat()
  const [first] = outcomes
  return {
    n: rows.position.length,
    bad: first?.bad.reduce((s, b) => s + b, 0) ?? 0,
    undecided: rows.undecided,
    unjudged: rows.unjudged,
    repeated: rows.repeated,
    olderInspections: rows.olderInspections,
    since: rows.at.reduce<string | null>((least, at) => (least === null || at < least ? at : least), null),
    counts: outcomes.flatMap((o, n) => kept.map((level) => counted.level(level, n, o.class))),
    factors: counted.factors,
    pairs: pairsOf(rows, first?.bad ?? new Uint8Array(), counted, kept),
    classes: outcomes.flatMap((o) => o.class ?? []),
    classesCut,
    older: rows.older,
    later: rows.later,
    linksCut: rows.linksCut,
  }
}

/** The first: what was asked about. */
function outcomesOf(
  db: SqlDatabase,
  { position, failed }: CauseRows,
  query: CauseQuery,
  each: boolean,
): { outcomes: Outcome[]; classesCut: number } {
  const asked = query.class
  if (asked === undefined && !each) return { outcomes: [{ bad: Uint8Array.from(failed) }], classesCut: 0 }
  const row = new Map(position.map((p, i) => [p, i]))
  const defects = columnsOf<{ position: number[]; class: string[] }>(
    db.get(
      `select json_group_array(position) as position, json_group_array(class) as class from (select distinct position, class from defect where position >= ? and position <= ?)`,
      position.at(-1) ?? 0,
      position[0] ?? 0,
    ),
  )
  const bad = new Map<string, number[]>()
  const add = (at: number, name: string): void => {
    const i = row.get(at)
    if (i === undefined || failed[i] !== 1) return
    const own = bad.get(name)
    if (own === undefined) bad.set(name, [i])
    else own.push(i)
  }
  const named = namedByReviews(db, query)
  for (const [at, classes] of named) for (const name of classes) add(at, name)
  for (const [n, at] of defects.position.entries()) if (!named.has(at)) add(at, defects.class[n] ?? '')
  const marked = (those: readonly number[]): Uint8Array => {
    const marks = new Uint8Array(position.length)
    for (const i of those) marks[i] = 1
    return marks
  }
  if (asked !== undefined) return { outcomes: [{ bad: marked(bad.get(asked) ?? []) }], classesCut: 0 }
  const classes = [...bad].sort(([a, as], [b, bs]) => bs.length - as.length || (a < b ? -1 : 1))
  return {
    outcomes: [
      { bad: Uint8Array.from(failed) },
      ...classes.slice(0, MAX_CLASSES).map(([name, those]) => ({ class: name, bad: marked(those) })),
    ],
    classesCut: Math.max(0, classes.length - MAX_CLASSES),
  }
}

interface Counted {
  factors: CauseTable['factors']
  /** Numbers of the levels of each factor, most parts first. */
  kept: number[][]
  level(number: number, outcome: number, of: string | undefined): LevelCount
}

function count(rows: CauseRows, outcomes: readonly Outcome[]): Counted {
  const { levels } = rows
  const groups = new Map<string, number>()
  const groupOf = levels.map(({ group }) => {
    const known = groups.get(group) ?? groups.size
    groups.set(group, known)
    return known
  })
  const width = 1 + outcomes.length
  // n, then the bad ones of each outcome, per level and per group; `last` tells what a part was counted in already.
  const perLevel = new Int32Array(levels.length * width)
  const perGroup = new Int32Array(groups.size * width)
  const last = new Int32Array(groups.size).fill(-1)
  const add = (to: Int32Array, at: number, row: number): void => {
    to[at * width] = (to[at * width] ?? 0) + 1
    for (const [n, { bad }] of outcomes.entries())
      to[at * width + 1 + n] = (to[at * width + 1 + n] ?? 0) + (bad[row] ?? 0)
  }
  const perFactor = new Map(CAUSE_FACTOR_NAMES.map((f) => [f, { n: 0, single: true, last: -1 }]))
  for (let row = 0; row < rows.position.length; row++)
    for (let k = rows.start[row] ?? 0; k < (rows.start[row + 1] ?? 0); k++) {
      const level = rows.of[k] ?? -1
      const group = groupOf[level] ?? -1
      add(perLevel, level, row)
      if (last[group] !== row) add(perGroup, group, row)
      last[group] = row
      const factor = perFactor.get(levels[level]?.factor ?? 'lot')
      if (factor === undefined) continue
      if (factor.last === row) factor.single = false
      else factor.n += 1
      factor.last = row
    }
  const nOf = (level: number): number => perLevel[level * width] ?? 0
  const kept: number[][] = []
  const factors = CAUSE_FACTOR_NAMES.flatMap((factor) => {
    const own = levels.flatMap((l, i) => (l.factor === factor ? [i] : []))
    if (own.length === 0) return []
    const name = (i: number): string => levels[i]?.value ?? ''
    own.sort((a, b) => nOf(b) - nOf(a) || (name(a) < name(b) ? -1 : 1))
    kept.push(own.slice(0, MAX_LEVELS))
    const { n = 0, single = true } = perFactor.get(factor) ?? {}
    return [{ factor, n, levels: own.length, cut: Math.max(0, own.length - MAX_LEVELS), single }]
  })
  const shown = namesOf(levels)
  return {
    factors,
    kept,
    level(i, outcome, of) {
      const [at, group] = [i * width, (groupOf[i] ?? 0) * width]
      const [n, bad] = [perLevel[at] ?? 0, perLevel[at + 1 + outcome] ?? 0]
      return {
        factor: levels[i]?.factor ?? 'lot',
        value: shown[i] ?? '',
        ...(of !== undefined && { class: of }),
        n,
        bad,
        restN: (perGroup[group] ?? 0) - n,
        restBad: (perGroup[group + 1 + outcome] ?? 0) - bad,
      }
    },
  }
}

/** Values as people say them; lots of two materials that share a name are told apart by their URI. */
function namesOf(levels: readonly Level[]): string[] {
  const key = (l: Level): string => `${l.factor} ${l.value}`
  const times = new Map<string, number>()
  for (const l of levels) times.set(key(l), (times.get(key(l)) ?? 0) + 1)
  return levels.map((l) => ((times.get(key(l)) ?? 0) > 1 ? `${l.value} (${l.group})` : l.value))
}

/** How often the levels that stand out most (by the z-score of their share) come together. */
function pairsOf(rows: CauseRows, isBad: Uint8Array, counted: Counted, kept: readonly number[]): LevelPair[] {
  const z = (i: number): number => {
    const { n, bad, restN, restBad } = counted.level(i, 0, undefined)
    const share = (bad + restBad) / (n + restN)
    return restN === 0 ? -1 : (bad - n * share) ** 2 / (n * share * (1 - share) || 1)
  }
  const top = kept
    .map((i) => ({ i, z: z(i) }))
    .filter((l) => l.z > 0)
    .sort((a, b) => b.z - a.z)
    .slice(0, MAX_PAIRED)
    .map((l) => l.i)
  const place = new Map(top.map((level, p) => [level, p]))
  const [n, bad] = [new Int32Array(top.length ** 2), new Int32Array(top.length ** 2)]
  for (let row = 0; row < rows.position.length; row++) {
    const own: number[] = []
    for (let k = rows.start[row] ?? 0; k < (rows.start[row + 1] ?? 0); k++) {
      const p = place.get(rows.of[k] ?? -1)
      if (p !== undefined) own.push(p)
    }
    for (const a of own)
      for (const b of own) {
        const at = a * top.length + b
        n[at] = (n[at] ?? 0) + 1
        bad[at] = (bad[at] ?? 0) + (isBad[row] ?? 0)
      }
  }
  const side = (i: number): LevelPair['a'] => {
    const { factor, value, n: all, bad: allBad } = counted.level(i, 0, undefined)
    return { factor, value, n: all, bad: allBad }
  }
  return top.flatMap((a, p) =>
    top.slice(p + 1).flatMap((b, q): LevelPair[] => {
      const at = p * top.length + p + 1 + q
      const together = n[at] ?? 0
      if (together === 0 || rows.levels[a]?.factor === rows.levels[b]?.factor) return []
      return [{ a: side(a), b: side(b), both: { n: together, bad: bad[at] ?? 0 } }]
    }),
  )
}
