import {
  canonicalJson,
  CodedError,
  type FactAck,
  type HoldOrigin,
  type QEvent,
  type SqlDatabase,
  type TraceFact,
  traceFactSchema,
} from '../../contracts/index.ts'
import { oneUri } from '../epcis/epc.ts'
import { refuseCycle } from '../genealogy/cycle-guard.ts'
import { inspectionLookedAt, refuseDecided } from '../genealogy/looked-at.ts'
import { factEvent, type ResolvedFact, resolveFact, serialOf } from '../genealogy/fact-event.ts'
import { type Move, moveOf, refuseStopped } from '../genealogy/stopped.ts'
import { lotName } from '../genealogy/things.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { endHolds, heardBefore, holdToEnd, passedOn, placeHold } from './hold-rows.ts'
import { schemaUri } from './inspection-event.ts'
import { endWithin } from './link-ends.ts'
import { refusePacked, refuseRepacked, refuseUnpacked, unpack } from './packing.ts'
import { endReturned, settleCorrected, leftBehind } from './returned.ts'
import { takeBack } from './take-back.ts'
import { makeWaiting } from './waiting-links.ts'

/** Older programs recorded a URI as it came. */
const asOneUri = (_: string, value: unknown): unknown => (typeof value === 'string' ? oneUri(value) : value)

export interface FactRequest {
  fact: TraceFact
  source: { plant: string; line: string }
  /** Of a hold or release that the plant passed on. */
  origin?: HoldOrigin
}

interface Ready {
  fact: TraceFact
  resolved: ResolvedFact
  event: Omit<QEvent, 'sequence'>
  origin: HoldOrigin | undefined
}
type Prepared = FactAck | Ready
type Earlier = { position: number; kind: string; subject: string; superseded_by: number | null }

/** The write side of stated facts: everything is checked before the first write. */
export class FactWriter {
  readonly #db: SqlDatabase
  readonly #events: Pick<EventAppender, 'append'>

  constructor(db: SqlDatabase, events: Pick<EventAppender, 'append'>) {
    this.#db = db
    this.#events = events
  }

  /** @throws EVT_SCHEMA, TRC_NOT_FOUND, TRC_GENEALOGY, TRC_HELD, TRC_DECIDED, TRC_DUPLICATE */
  prepare({ fact: asked, source, origin }: FactRequest): Prepared {
    const parsed = traceFactSchema.safeParse(asked)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new CodedError('EVT_SCHEMA', {
        path: issue?.path.map(String).join('.') ?? '',
        actual: issue?.message ?? '',
      })
    }
    const fact = parsed.data
    const known = this.#db.get<{ position: number }>('select position from trace_fact where id = ?', fact.id)
    if (known !== undefined) return this.#same(fact, known.position)
    if (origin !== undefined) return this.#passedOn(fact, source, origin)
    const resolved = resolveFact(this.#db, fact)
    const corrected = fact.supersedes === undefined ? null : this.#correctable(fact.supersedes, fact)
    const move = moveOf(this.#db, fact, resolved)
    if (move !== null && !this.#movesNothing(move, resolved, corrected)) refuseStopped(this.#db, move)
    if (fact.kind === 'release') Object.assign(resolved, holdToEnd(this.#db, fact, resolved))
    if (fact.kind === 'dispose') {
      const looked = inspectionLookedAt(this.#db, resolved.subject, fact.inspection, corrected)
      if (looked !== null) resolved.data['inspection'] = looked
      refuseDecided(this.#db, resolved.subject, looked, fact.over)
    }
    if (fact.kind === 'return' && corrected === null)
      resolved.data['from'] = leftBehind(this.#db, resolved.subject, fact.at)
    if (corrected?.kind === 'return')
      refuseRepacked(this.#db, corrected, fact.kind === 'return' ? fact.at : undefined)
    if (fact.kind === 'disaggregate') refuseUnpacked(this.#db, resolved, fact.at, corrected)
    if (fact.kind === 'retract' && corrected?.kind === 'disaggregate') refuseRepacked(this.#db, corrected)
    for (const e of resolved.edges) {
      if (e.kind === 'aggregate') refusePacked(this.#db, e, corrected)
      if (e.to !== null && e.to <= e.from)
        throw new CodedError('TRC_GENEALOGY', { expected: `an end after ${e.from}`, actual: e.to })
      if (e.kind !== 'deliver' && e.kind !== 'order') {
        const packing = e.kind === 'aggregate' || e.kind === 'ship'
        const [up, down] = packing ? [e.child, e.parent] : [e.parent, e.child]
        refuseCycle(this.#db, { up, down, from: e.from, to: e.to }, corrected?.position ?? 0)
      }
    }
    const event = factEvent(fact, resolved, source, schemaUri)
    checkEvent(event)
    return { fact, resolved, event, origin }
  }

  #passedOn(fact: TraceFact, source: FactRequest['source'], origin: HoldOrigin): Prepared {
    const known = heardBefore(this.#db, fact, origin)
    if (known !== null) return known
    const resolved = passedOn(this.#db, fact, origin)
    const event = factEvent(fact, resolved, source, schemaUri)
    checkEvent(event)
    return { fact, resolved, event, origin }
  }

  /** A correction of what happened to the same thing moves nothing anew, in the same box; a decision always does. */
  #movesNothing(move: Move, { subject, data }: ResolvedFact, corrected: Earlier | null): boolean {
    if (corrected?.subject !== subject || move.kind === 'dispose') return false
    if (move.kind !== 'aggregate') return true
    const packed = this.#db.get<{ parent: string }>(
      `select parent from edge where child = ? and position = ? and kind = 'aggregate'`,
      subject,
      corrected.position,
    )
    return packed?.parent === data['parent']
  }

  /** Event, edges, holds and identities, inside the caller's transaction. */
  write(prepared: Prepared): FactAck {
    if ('repeated' in prepared) return prepared
    const { fact, resolved, event, origin } = prepared
    const { position } = this.#events.append(event)
    if (fact.supersedes !== undefined) takeBack(this.#db, fact.supersedes, position, resolved.edges)
    this.#db.run(
      'insert into trace_fact (position, id, kind, subject, at) values (?, ?, ?, ?, ?)',
      position,
      fact.id,
      fact.kind,
      resolved.subject,
      fact.at,
    )
    this.#project(fact, resolved, position, origin)
    for (const e of resolved.edges) {
      this.#db.run(
        `insert into edge (child, parent, kind, certainty, quantity, uom, valid_from, valid_to, position, closed_by)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (child, parent, kind, valid_from) do nothing`,
        e.child,
        e.parent,
        e.kind,
        e.certainty,
        e.quantity,
        e.uom,
        e.from,
        e.to,
        position,
        e.closedBy ?? null,
      )
      if (e.kind === 'aggregate' && e.to === null) {
        makeWaiting(this.#db, [e.child], position)
        endWithin(this.#db, e, e.from)
      }
    }
    makeWaiting(
      this.#db,
      resolved.edges.map((e) => e.child),
      position,
    )
    endReturned(this.#db, fact, resolved, position)
    if (fact.supersedes !== undefined) settleCorrected(this.#db, fact.supersedes)
    return { id: fact.id, position, repeated: false }
  }

  #project(fact: TraceFact, resolved: ResolvedFact, position: number, origin?: HoldOrigin): void {
    const { subject } = resolved
    if (fact.kind === 'commission') {
      this.#db.run(
        `insert into identity (uri, serial, kind, product, lot, first_at, first_position)
         values (?, ?, 'code', ?, ?, ?, ?) on conflict (uri) do nothing`,
        subject,
        serialOf(subject),
        fact.product,
        fact.lot ?? null,
        fact.at,
        position,
      )
      const lot = resolved.edges[0]?.parent
      if (lot !== undefined && fact.lot !== undefined) this.#lot(lot, fact.lot, fact.product, null, fact.at)
    } else if (fact.kind === 'receive') {
      this.#lot(subject, fact.lot, fact.product, fact.supplier, fact.at)
    } else if (fact.kind === 'disaggregate') {
      unpack(this.#db, resolved, fact.at, position)
    } else if (fact.kind === 'hold') {
      placeHold(this.#db, fact, { target: subject, position, origin })
    } else if (fact.kind === 'release') {
      endHolds(this.#db, fact, { target: subject, position, origin })
    }
  }

  #lot(uri: string, lot: string, product: string, supplier: string | null, at: string): void {
    this.#db.run(
      `insert into material_lot (uri, lot, product, supplier, first_at) values (?, ?, ?, ?, ?)
       on conflict (uri) do update set supplier = excluded.supplier where excluded.supplier is not null`,
      uri,
      lot,
      product,
      supplier,
      at,
    )
  }

  /** The same id again: harmless with the same content, a mistake with another. */
  #same(fact: TraceFact, position: number): FactAck {
    const row = this.#db.get<{ json: string }>('select json from event where position = ?', position)
    const stored = JSON.parse(row?.json ?? '{}') as QEvent<Record<string, unknown>>
    const again = resolveFact(this.#db, fact)
    if (fact.kind === 'release') {
      again.data['hold'] = stored.data['hold']
      again.data['target'] = stored.data['target']
    }
    // The lot may go by another name of it since; programs of before did not say it.
    const lots = [again, stored].map(({ data }) => lotName(String(data['lot'])))
    if (fact.kind === 'commission' && (stored.data['lot'] === undefined || lots[0] === lots[1]))
      again.data['lot'] = stored.data['lot']
    if (fact.kind === 'return' && stored.data['from'] !== undefined) again.data['from'] = stored.data['from']
    if (fact.kind === 'dispose') again.data['inspection'] ??= stored.data['inspection']
    const [a, b] = [
      { type: again.type, time: fact.at, data: again.data },
      { type: stored.type, time: stored.time, data: stored.data },
    ].map((v) => canonicalJson(JSON.parse(JSON.stringify(v, asOneUri))))
    if (a !== b)
      throw new CodedError('TRC_DUPLICATE', {
        expected: `the content of fact ${fact.id}`,
        actual: `another ${fact.kind}`,
        hint: 'give a new fact its own id, and a correction `supersedes`',
      })
    return { id: fact.id, position, repeated: true }
  }

  #correctable(id: string, fact: TraceFact): Earlier {
    const row = this.#db.get<Earlier>(
      'select position, kind, subject, superseded_by from trace_fact where id = ?',
      id,
    )
    if (row === undefined)
      throw new CodedError('TRC_NOT_FOUND', { expected: 'the id of a recorded fact', actual: id })
    if (row.superseded_by !== null)
      throw new CodedError('TRC_GENEALOGY', {
        expected: 'a fact that still stands',
        actual: `${id}, superseded at position ${row.superseded_by}`,
        hint: 'correct the correction',
      })
    const lasting = ['hold', 'release', 'retract', 'commission']
    if (lasting.includes(row.kind) || (fact.kind !== 'retract' && fact.kind !== row.kind))
      throw new CodedError('TRC_GENEALOGY', {
        expected: lasting.includes(row.kind)
          ? 'a fact that can be taken back; a hold is ended by a release'
          : `a ${row.kind} or a retract`,
        actual: `${fact.kind} over ${row.kind}`,
      })
    return row
  }
}
