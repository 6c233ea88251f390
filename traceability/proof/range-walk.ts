import type { SqlDatabase } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import type { InspectedLinks, InspectedLinksResult } from './inspected-links.ts'
import { WORDS } from './finding-words.ts'
import type { ProofFinding } from './report.ts'
import { type MatchedRow, matchStretch, SignedTiles } from './row-match.ts'

/** Positions of one piece of the event table, half-open on the left. */
export interface Range {
  after: number
  end: number
}

/** What a piece of the log needs to fit to the pieces before it. */
export interface SourceSpan {
  source: string
  first: { sequence: number; position: number; event: string; subject: string }
  last: number
}

export interface RangeResult extends Range {
  count: number
  /** Each row is the one that was signed for its position. */
  asSigned: boolean
  /** Rows of the table of units that its inspections made; null: not each has its unit there, as its event says. */
  units: number | null
  /** Leaf hashes one after the other. */
  leaves: Uint8Array
  records: number
  findings: ProofFinding[]
  more: number
  sources: SourceSpan[]
  sequenceBreaks: ProofFinding[]
  /** Hash of an image and the last event that names it. */
  images: [sha256: string, position: number][]
  /** Null where links were not looked at. */
  links: InspectedLinksResult | null
}

/** Folder of the log, and how many of its leaves are proven. */
export interface ProvenTiles {
  dir: string
  size: number
}

/** Rows read at once. Their text stays below 128 KiB, from which on V8 asks the system for the memory of each string. */
export const BATCH = 32

/**
 * Goes through one piece of the event table, and keeps what is to be known of its rows. What is as it was signed is told
 * by the hashes of a whole stretch; anything else has to be looked at member by member (`range-check.ts`). This file
 * loads no schemas, so that a thread is up soon.
 */
export class RangeWalk {
  readonly range: Range
  readonly #db: SqlDatabase
  readonly #tiles: SignedTiles
  readonly #links: InspectedLinks | null
  readonly #sources = new Map<string, SourceSpan>()
  readonly #sequenceBreaks: RangeResult['sequenceBreaks'] = []
  readonly #images = new Map<string, number>()
  readonly #leaves: Uint8Array[] = []
  #count = 0
  #after: number
  #records = 0
  #units: number | null = 0

  /** @param links looks at the links of inspections; null = nobody does */
  constructor(db: SqlDatabase, range: Range, tiles: ProvenTiles, links: InspectedLinks | null) {
    this.#db = db
    this.#links = links
    this.range = range
    this.#tiles = new SignedTiles(tiles)
    this.#after = range.after
  }

  /** The position that was gone through last. */
  get after(): number {
    return this.#after
  }

  /** Goes on as far as all is as it was signed. @returns whether that is the end of the piece */
  asSigned(): boolean {
    while (this.#after < Math.min(this.range.end, this.#tiles.size)) {
      const found = matchStretch(
        this.#db,
        this.#after,
        this.range.end,
        BATCH,
        this.#tiles,
        this.#links !== null,
      )
      if (found === null) return false
      this.add(found.last, found.leaves, found.rows)
      for (const row of found.rows) {
        if (row.inspected) this.#records += 1
        this.#units = sumOf(this.#units, row.units)
        this.name(row.images, row.position)
        this.#links?.row(row.position, row.json, row.links)
      }
    }
    return this.#after >= this.range.end
  }

  /** @param leaves hashes of the texts of the rows, one after the other */
  add(
    last: number,
    leaves: Uint8Array,
    rows: readonly Pick<MatchedRow, 'position' | 'source' | 'sequence'>[],
  ): void {
    this.#after = last
    this.#leaves.push(leaves)
    this.#count += rows.length
    for (const row of rows) this.#sequence(row)
  }

  name(images: readonly string[], position: number): void {
    for (const sha256 of images) this.#images.set(sha256, position)
  }

  /** An inspection whose links are looked at by themselves. */
  odd(position: number): void {
    this.#links?.look(position)
  }

  /** @param closely what was found where the rows had to be looked at one by one */
  result(closely?: Pick<RangeResult, 'records' | 'findings' | 'more'>): RangeResult {
    return {
      ...this.range,
      count: this.#count,
      asSigned: closely === undefined,
      units: closely === undefined ? this.#units : null,
      leaves: Buffer.concat(this.#leaves),
      records: this.#records + (closely?.records ?? 0),
      findings: closely?.findings ?? [],
      more: closely?.more ?? 0,
      sources: [...this.#sources.values()],
      sequenceBreaks: this.#sequenceBreaks,
      images: [...this.#images],
      links: this.#links?.result() ?? null,
    }
  }

  #sequence({ position, sequence, source }: Pick<MatchedRow, 'position' | 'source' | 'sequence'>): void {
    const known = this.#sources.get(source)
    if (known !== undefined && sequence === known.last + 1) {
      known.last = sequence
      return
    }
    const row = this.#db.get<{ event: string; subject: string }>(
      'select id as event, subject from event where position = ?',
      position,
    )
    if (row === undefined)
      throw new CodedError('TRC_PROOF', {
        expected: `event ${position}`,
        actual: 'none: the log changed meanwhile',
      })
    const at = { sequence, position, ...row }
    if (known === undefined) this.#sources.set(source, { source, first: at, last: sequence })
    else {
      this.#sequenceBreaks.push(brokenSequence(source, known.last, at))
      known.last = sequence
    }
  }
}

/** Null where one of them is not known. */
export const sumOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a + b

export const brokenSequence = (
  source: string,
  before: number,
  { sequence, position, event, subject }: SourceSpan['first'],
): ProofFinding => {
  const { en, zh } = WORDS.sequence(source, sequence, before)
  return { kind: 'sequence', position, event, subject, detail: en, zh }
}
