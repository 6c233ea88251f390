import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import { type Alignment, alignLeaves, type Leaf, MAX_WINDOW } from './align.ts'
import { WORDS } from './finding-words.ts'
import { changedPaths } from './first-difference.ts'
import type { Findings } from './report.ts'
import type { SignedLeaves } from './signed-leaves.ts'

/** Differences kept for naming; beyond them only their number is told. */
const MAX_NAMED = 5_000
const MAX_PATHS = 8

interface Known {
  leaf: Leaf
  event: QEvent | null
}

/** Compares the events as they are with the leaves that were signed, and names what was done to which. */
export function explain(
  signed: SignedLeaves,
  actual: Iterator<Leaf>,
  db: SqlDatabase,
  findings: Findings,
): Alignment & { differences: number } {
  const gone: Leaf[] = []
  const added: Leaf[] = []
  let differences = 0
  let lastAdded: readonly Leaf[] = []
  const alignment = alignLeaves(signedLeaves(signed), actual, (block) => {
    differences += Math.max(block.signed.length, block.actual.length)
    if (gone.length < MAX_NAMED) gone.push(...block.signed)
    if (added.length < MAX_NAMED) added.push(...block.actual)
    lastAdded = block.actual
  })
  // What stands behind the last signed event in a block that reaches its end may simply be newer.
  const lastSigned = gone.at(-1)
  const open = lastSigned?.position === signed.size && alignment.cut === null
  const maybeNewer = new Set(open ? lastAdded.map((l) => l.hash) : [])
  name(signed, gone, added, maybeNewer, db, findings)
  const { cut, diverged } = alignment
  if (cut !== null)
    findings.add('cut', WORDS.cut(cut.first.position, cut.first.position + cut.count - 1), {
      position: cut.first.position,
      ...known({ leaf: cut.first, event: parsed(signed.original(cut.first.position - 1)) }),
    })
  if (diverged !== null)
    findings.add('diverged', WORDS.divergedFrom(MAX_WINDOW), {
      position: diverged.signed.position,
    })
  return { ...alignment, differences }
}

function name(
  signed: SignedLeaves,
  gone: readonly Leaf[],
  added: readonly Leaf[],
  maybeNewer: ReadonlySet<string>,
  db: SqlDatabase,
  findings: Findings,
): void {
  const rest = new Map<number, Known>(
    added.map((leaf) => [leaf.position, { leaf, event: parsed(storedEvent(db, leaf.position)) }]),
  )
  const byHash = new Map(added.map((leaf) => [leaf.hash, leaf.position]))
  const byId = new Map(
    [...rest.values()].flatMap((k) => (k.event === null ? [] : [[idOf(k.event), k.leaf.position] as const])),
  )
  const byPlace = new Map(
    [...rest.values()].flatMap((k) =>
      k.event === null ? [] : [[placeOf(k.event), k.leaf.position] as const],
    ),
  )
  for (const leaf of gone) {
    const event = parsed(signed.original(leaf.position - 1))
    const at = { position: leaf.position, ...known({ leaf, event }) }
    const moved = rest.get(byHash.get(leaf.hash) ?? -1)
    if (moved !== undefined) {
      rest.delete(moved.leaf.position)
      findings.add('moved', WORDS.moved(moved.leaf.position), {
        position: leaf.position,
        ...known(moved),
      })
      continue
    }
    const same =
      event === null
        ? rest.get(leaf.position)
        : (rest.get(byId.get(idOf(event)) ?? -1) ?? rest.get(byPlace.get(placeOf(event)) ?? -1))
    if (same === undefined) {
      findings.add('dropped', WORDS.dropped, at)
      continue
    }
    rest.delete(same.leaf.position)
    if (event === null)
      findings.add('changed', WORDS.noCopy, {
        position: leaf.position,
        ...known(same),
      })
    else {
      const paths = changedPaths(event, same.event)
      const shown = paths
        .slice(0, MAX_PATHS)
        .map((path) => ({ path, was: valueAt(event, path), is: valueAt(same.event, path) }))
      findings.add('changed', WORDS.changed(shown), at)
    }
  }
  for (const { leaf, event } of rest.values())
    if (!maybeNewer.has(leaf.hash))
      findings.add('inserted', WORDS.inserted, {
        position: leaf.position,
        ...known({ leaf, event }),
      })
}

function* signedLeaves(signed: SignedLeaves): Generator<Leaf> {
  let position = 0
  for (const leaf of signed.leaves()) {
    position += 1
    if (position > signed.size) return
    yield { hash: Buffer.from(leaf).toString('latin1'), position }
  }
}

const storedEvent = (db: SqlDatabase, position: number): string | null =>
  db.get<{ json: string }>('select json from event where position = ?', position)?.json ?? null

function parsed(json: string | null): QEvent | null {
  try {
    const event: unknown = json === null ? null : JSON.parse(json)
    return typeof event === 'object' ? (event as QEvent | null) : null
  } catch {
    return null
  }
}

const idOf = (e: QEvent): string => `${e.source}\n${e.id}`
const placeOf = (e: QEvent): string => `${e.source}\n${e.sequence ?? ''}`
const known = ({ event }: Known): { event: string | null; subject: string | null } => ({
  event: event?.id ?? null,
  subject: event?.subject ?? null,
})

/** The value at a path of `changedPaths`, short; null where there is none. */
function valueAt(event: QEvent | null, path: string): string | null {
  let value: unknown = event
  for (const key of path.split(/\.|\[|\]\.?/).filter((k) => k !== ''))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  const text = JSON.stringify(value) ?? null
  return text !== null && text.length > 60 ? `${text.slice(0, 57)}...` : text
}
