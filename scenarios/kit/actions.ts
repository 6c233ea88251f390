import { CodedError, uuidv5, type I18n } from '../../contracts/index.ts'
import type { ActionDraft, Cause, Evidence, RefReader, SqlRead, SqlTx } from './io.ts'
import { enqueue } from './outbox.ts'
import type { ActionType } from './parts.ts'

export type ActionState =
  | 'proposed'
  | 'approved'
  | 'dispatched'
  | 'acknowledged'
  | 'done'
  | 'failed'
  | 'rejected'
  | 'expired'
  | 'superseded'

export interface Action {
  id: string
  key: string
  type: string
  params: unknown
  summary: I18n
  evidence: Evidence
  state: ActionState
  /** Users who approved so far. */
  approvals: string[]
  proposedAt: string
  expiresAt: string
  decidedAt: string | null
  decidedBy: string | null
  reason: string | null
}

/** Which state may follow which; a state without successors is final. */
const NEXT: Record<ActionState, readonly ActionState[]> = {
  proposed: ['approved', 'rejected', 'expired', 'superseded'],
  approved: ['dispatched', 'done', 'failed'],
  dispatched: ['acknowledged', 'done', 'failed'],
  acknowledged: ['done', 'failed'],
  done: [],
  failed: [],
  rejected: [],
  expired: [],
  superseded: [],
}

export interface ActionDesk {
  slug: string
  types: Record<string, ActionType>
  ref: RefReader
}

/** Proposes; a key that already has an open action of the type is left alone. Guards refuse visibly. */
export function proposeAction(db: SqlTx, desk: ActionDesk, draft: ActionDraft, cause: Cause): void {
  const type = typeOf(desk, draft.type)
  const open = db.get(
    `select id from _actions where type = ? and key = ? and state in ('proposed', 'approved', 'dispatched', 'acknowledged')`,
    draft.type,
    draft.key,
  )
  if (open) return
  const params = type.params.parse(draft.params)
  const refused = type.guard(params, desk.ref)
  const id = uuidv5(cause.id, `action\n${draft.type}\n${draft.key}`)
  const expires = new Date(Date.parse(cause.time) + type.expiresMin * 60_000).toISOString()
  const added = db.run(
    `insert or ignore into _actions(id, key, type, params, summary, evidence, state, approvals, cause, proposed_at, expires_at)
     values(?, ?, ?, ?, ?, ?, 'proposed', '[]', ?, ?, ?)`,
    id,
    draft.key,
    draft.type,
    JSON.stringify(params),
    JSON.stringify(draft.summary),
    JSON.stringify(draft.evidence),
    JSON.stringify(cause),
    cause.time,
    expires,
  )
  // The same cause proposed it before, a person decided it, and a replay came by again.
  if (added.changes === 0) return
  publish(db, desk, id, 'proposed')
  if (refused !== null) moveAction(db, desk, id, 'rejected', { at: cause.time, by: 'guard', reason: refused })
  else if (type.approval === 'auto') moveAction(db, desk, id, 'approved', { at: cause.time, by: 'policy' })
}

/** One more approval; the action is approved when there are enough, each by another person. */
export function approveAction(db: SqlTx, desk: ActionDesk, id: string, by: string, at: string): Action {
  const action = needAction(db, id)
  const type = typeOf(desk, action.type)
  if (action.state !== 'proposed') throw wrongState(action, 'approved')
  if (action.expiresAt <= at) {
    moveAction(db, desk, id, 'expired', { at, by: 'host' })
    return needAction(db, id)
  }
  if (action.approvals.includes(by))
    throw new CodedError('API_REQUEST', { expected: 'the approval of a second person', actual: by })
  const refused = type.guard(action.params, desk.ref)
  if (refused !== null)
    throw new CodedError('API_REQUEST', {
      path: action.type,
      actual: refused,
      hint: 'the guard refuses it now',
    })
  const approvals = [...action.approvals, by]
  db.run(`update _actions set approvals = ? where id = ?`, JSON.stringify(approvals), id)
  if (approvals.length >= (type.approval === 'two' ? 2 : 1)) moveAction(db, desk, id, 'approved', { at, by })
  return needAction(db, id)
}

/**
 * @throws API_NOT_FOUND; API_REQUEST when the state does not allow it
 */
export function moveAction(
  db: SqlTx,
  desk: ActionDesk,
  id: string,
  to: ActionState,
  why: { at: string; by: string; reason?: string },
): Action {
  const action = needAction(db, id)
  if (!NEXT[action.state].includes(to)) throw wrongState(action, to)
  db.run(
    `update _actions set state = ?, decided_at = ?, decided_by = ?, reason = ? where id = ?`,
    to,
    why.at,
    why.by,
    why.reason ?? null,
    id,
  )
  publish(db, desk, id, to, why.at)
  return needAction(db, id)
}

/** Ends proposals nobody decided in time. Returns how many. */
export function expireActions(db: SqlTx, desk: ActionDesk, at: string): number {
  const due = db.all<{ id: string }>(
    `select id from _actions where state = 'proposed' and expires_at <= ? order by id`,
    at,
  )
  for (const { id } of due) moveAction(db, desk, id, 'expired', { at, by: 'host' })
  return due.length
}

export function supersedeActions(db: SqlTx, desk: ActionDesk, key: string, at: string): void {
  for (const { id } of db.all<{ id: string }>(
    `select id from _actions where state = 'proposed' and key = ? order by id`,
    key,
  ))
    moveAction(db, desk, id, 'superseded', { at, by: 'module' })
}

interface ActionRow extends Record<string, string | null> {
  id: string
  key: string
  type: string
  params: string
  summary: string
  evidence: string
  state: ActionState
  approvals: string
  cause: string
  proposed_at: string
  expires_at: string
  decided_at: string | null
  decided_by: string | null
  reason: string | null
}

/** Newest first. */
export const listActions = (db: SqlRead, state: ActionState | null, limit: number): Action[] =>
  db
    .all<ActionRow>(
      `select * from _actions where ? is null or state = ? order by proposed_at desc, id limit ?`,
      state,
      state,
      limit,
    )
    .map(fromRow)

export function needAction(db: SqlRead, id: string): Action {
  const row = db.get<ActionRow>(`select * from _actions where id = ?`, id)
  if (!row) throw new CodedError('API_NOT_FOUND', { path: `action ${id}` })
  return fromRow(row)
}

const fromRow = (r: ActionRow): Action => ({
  id: r.id,
  key: r.key,
  type: r.type,
  params: JSON.parse(r.params) as unknown,
  summary: JSON.parse(r.summary) as I18n,
  evidence: JSON.parse(r.evidence) as Evidence,
  state: r.state,
  approvals: JSON.parse(r.approvals) as string[],
  proposedAt: r.proposed_at,
  expiresAt: r.expires_at,
  decidedAt: r.decided_at,
  decidedBy: r.decided_by,
  reason: r.reason,
})

/** Every step of the life-cycle is an event; its cause stays the event that led to the proposal. */
function publish(db: SqlTx, desk: ActionDesk, id: string, state: ActionState, at?: string): void {
  const cause = db.get<{ cause: string }>(`select cause from _actions where id = ?`, id)?.cause ?? '{}'
  const { state: _, ...action } = needAction(db, id)
  const origin = JSON.parse(cause) as Cause
  enqueue(
    db,
    desk.slug,
    { ...origin, ...(at !== undefined && { time: at }) },
    {
      type: `action.${state}.v1`,
      subject: `action/${id}`,
      data: { ...action, state, module: desk.slug, target: typeOf(desk, action.type).target },
    },
  )
}

export function typeOf(desk: ActionDesk, type: string): ActionType {
  const known = desk.types[type]
  if (!known)
    throw new CodedError('EVT_MODULE', {
      path: desk.slug,
      expected: Object.keys(desk.types).join(' | ') || 'no actions',
      actual: type,
    })
  return known
}

const wrongState = (a: Action, to: ActionState): CodedError =>
  new CodedError('API_REQUEST', { path: `action ${a.id}`, expected: `a state before ${to}`, actual: a.state })
