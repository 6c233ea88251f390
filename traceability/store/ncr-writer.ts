import {
  canonicalJson,
  CodedError,
  NCR_EVENT_TYPE,
  type NcrAck,
  type NcrStep,
  ncrStepSchema,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { heldOf } from '../genealogy/holds.ts'
import { holdTarget, shortName } from '../genealogy/things.ts'
import { type Ncr, NCR_SUBJECT } from '../ncr/ncr.ts'
import { checkStep } from '../ncr/ncr-check.ts'
import { readNcr } from '../ncr/ncr-events.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { schemaUri } from './inspection-event.ts'

export interface NcrRequest {
  step: NcrStep
  source: { plant: string; line: string }
  /** When it reached the store. */
  at: string
}

type Prepared = NcrAck | { ncr: string; event: Omit<QEvent, 'sequence'> }

/** The write side of nonconformance reports: a step is checked against the events before it, then it is an event. */
export class NcrWriter {
  readonly #db: SqlDatabase
  readonly #events: EventAppender

  constructor(db: SqlDatabase, events: EventAppender) {
    this.#db = db
    this.#events = events
  }

  /** @throws EVT_SCHEMA, TRC_NOT_FOUND, TRC_GENEALOGY, TRC_NCR, TRC_DUPLICATE */
  prepare({ step: asked, source, at }: NcrRequest): Prepared {
    const parsed = ncrStepSchema.safeParse(asked)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new CodedError('EVT_SCHEMA', {
        path: issue?.path.map(String).join('.') ?? '',
        actual: issue?.message ?? '',
      })
    }
    const step = parsed.data
    const from = `/plants/${source.plant}/lines/${source.line}/ncr`
    const known = this.#events.find(step.id, from)
    if (known !== null) return this.#same(step, known)
    const ncr = step.kind === 'open' ? null : this.#report(step.ncr)
    if (step.kind !== 'open' && ncr !== null)
      checkStep(
        ncr,
        step,
        heldOf(this.#db, ncr.containment?.holds ?? []).map((h) => shortName(h.target)),
      )
    const id = ncr?.id ?? this.#nextId(source.line, from, at)
    const type = NCR_EVENT_TYPE[step.kind]
    const event = {
      specversion: '1.0' as const,
      id: step.id,
      source: from,
      type,
      subject: `${NCR_SUBJECT}${id}`,
      time: at,
      datacontenttype: 'application/json' as const,
      dataschema: schemaUri(type),
      partitionkey: source.line,
      correlationid: `${NCR_SUBJECT}${id}`,
      data: { ncr: id, ...this.#resolved(step, ncr) },
    }
    checkEvent(event)
    return { ncr: id, event }
  }

  /** Inside the caller's transaction. */
  write(prepared: Prepared): NcrAck {
    if ('repeated' in prepared) return prepared
    const { position } = this.#events.append(prepared.event)
    return { ncr: prepared.ncr, position, repeated: false }
  }

  #report(id: string): Ncr {
    const ncr = readNcr(this.#db, id)
    if (ncr === null)
      throw new CodedError('TRC_NOT_FOUND', { expected: 'the id of a nonconformance report', actual: id })
    return ncr
  }

  /** `caps-a-2026-0007`: the seventh that this line opened in the year. */
  #nextId(line: string, source: string, at: string): string {
    const year = at.slice(0, 4)
    const opened = this.#db.get<{ n: number }>(
      `select count(*) as n from event where source = ? and type = 'qe.ncr.opened.v1' and substr(time, 1, 4) = ?`,
      source,
      year,
    )
    return `${line}-${year}-${String((opened?.n ?? 0) + 1).padStart(4, '0')}`
  }

  /** What the event says: names as canonical URIs, everything that is named exists. */
  #resolved(step: NcrStep, ncr: Ncr | null): Record<string, unknown> {
    const { id: _id, kind: _kind, ...rest } = step
    if (step.kind === 'contain')
      for (const hold of step.holds)
        this.#mustExist('select 1 as found from hold where id = ?', hold, 'a hold')
    if (step.kind !== 'open' && step.kind !== 'amend') return rest
    for (const inspection of step.evidence?.inspections ?? [])
      this.#mustExist(
        'select 1 as found from inspection where inspection_id = ?',
        inspection,
        'an inspection',
      )
    const targets = step.targets?.map((t) => holdTarget(this.#db, t)) ?? ncr?.targets ?? []
    const before = ncr === null ? {} : { title: ncr.title, severity: ncr.severity, evidence: ncr.evidence }
    return { ...before, ...rest, targets: [...new Set(targets)] }
  }

  #mustExist(sql: string, id: string, what: string): void {
    if (this.#db.get(sql, id) === undefined)
      throw new CodedError('TRC_NOT_FOUND', { expected: `the id of ${what} on record`, actual: id })
  }

  /** The same id again: harmless with the same content, a mistake with another. */
  #same(step: NcrStep, position: number): NcrAck {
    const row = this.#db.get<{ json: string }>('select json from event where position = ?', position)
    const { type, data } = JSON.parse(row?.json ?? '{}') as QEvent<{ ncr: string }>
    const said = Object.entries(this.#resolved(step, null)).filter(([key]) => key in step)
    // What an amendment left as it was, it does not say.
    const asked = { ...(step.kind === 'amend' ? data : { ncr: data.ncr }), ...Object.fromEntries(said) }
    const plain = (v: unknown): string => canonicalJson(JSON.parse(JSON.stringify(v)))
    if (type !== NCR_EVENT_TYPE[step.kind] || plain(asked) !== plain(data))
      throw new CodedError('TRC_DUPLICATE', {
        expected: `the content of step ${step.id}`,
        actual: `another ${step.kind}`,
        hint: 'give a new step its own id',
      })
    return { ncr: data.ncr, position, repeated: true }
  }
}
