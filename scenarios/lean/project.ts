import type { QEvent } from '../../contracts/index.ts'
import type { Effective, ProjectCtx, SqlTx } from '../kit/io.ts'
import { evaluate, readLimits } from './evaluate.ts'
import type { LeanParams } from './params.ts'
import { streamOf, type Stream, type SubgroupRow } from './tables.ts'

const HOUR_MS = 3_600_000

/** Counts one inspection, or corrects the counts of an earlier one. */
export function projectLean(p: LeanParams, e: QEvent, ctx: ProjectCtx): void {
  const { before, after } = ctx.effective()
  // Golden samples, trials and audits say nothing about the process.
  if (!after || after.runType !== 'production') return
  const { db } = ctx
  const known = db.get<{ stream: string; role: string; seq: number | null }>(
    `select stream, role, seq from piece where inspection_id = ?`,
    after.inspectionId,
  )
  const s = streamOf(after)
  const day = after.at.slice(0, 10)
  if (known) {
    count(db, known.stream, day, known.role, before, after)
    if (known.seq !== null) {
      addToSubgroup(db, known.stream, known.seq, before, after, null)
      settle(p, ctx, s, known.seq, e)
    }
    return
  }
  db.run(
    `insert or ignore into stream(stream, line, station, product, simulated) values(?, ?, ?, ?, ?)`,
    s.stream,
    s.line,
    s.station,
    s.product,
    Number(s.simulated),
  )
  const role = roleOf(db, s.stream, after)
  const seq = role === 'first' ? openSubgroup(p, ctx, s, after, e) : null
  db.run(
    `insert into piece(inspection_id, stream, serial, role, seq) values(?, ?, ?, ?, ?)`,
    after.inspectionId,
    s.stream,
    after.serial,
    role,
    seq,
  )
  count(db, s.stream, day, role, undefined, after)
  if (seq !== null) {
    addToSubgroup(db, s.stream, seq, undefined, after, e)
    settle(p, ctx, s, seq, e)
  }
}

function roleOf(db: SqlTx, stream: string, e: Effective): 'first' | 'repeat' | 'rework' {
  if (e.reworkCount > 0) return 'rework'
  const seen = db.get(`select 1 as x from piece where stream = ? and serial = ? limit 1`, stream, e.serial)
  return seen ? 'repeat' : 'first'
}

/** Subgroup the part belongs to, created when it is the first of it. */
function openSubgroup(p: LeanParams, ctx: ProjectCtx, s: Stream, after: Effective, e: QEvent): number {
  const newest = ctx.db.get<{ seq: number; closed_by: string | null }>(
    `select seq, closed_by from subgroup where stream = ? order by seq desc limit 1`,
    s.stream,
  )
  if (p.subgroup === 'hour') {
    const hour = Math.floor(Date.parse(after.at) / HOUR_MS)
    if (newest && hour <= newest.seq) {
      // A part of an hour that is over: its subgroup is made closed, or stays as it is.
      insertSubgroup(ctx.db, s, hour, e, hour < newest.seq)
      return hour
    }
    if (newest && newest.closed_by === null) close(p, ctx, s, newest.seq, e)
    insertSubgroup(ctx.db, s, hour, e, false)
    return hour
  }
  if (newest && newest.closed_by === null) return newest.seq
  const seq = (newest?.seq ?? 0) + 1
  insertSubgroup(ctx.db, s, seq, e, false)
  return seq
}

function insertSubgroup(db: SqlTx, s: Stream, seq: number, e: QEvent, closed: boolean): void {
  db.run(
    `insert or ignore into subgroup(stream, seq, first_event, last_event, first_time, last_time, closed_by, closed_at)
     values(?, ?, ?, ?, ?, ?, ?, ?)`,
    s.stream,
    seq,
    e.id,
    e.id,
    e.time,
    e.time,
    closed ? e.id : null,
    closed ? e.time : null,
  )
}

/** Adds what is new and takes away what was counted before; `joined` is the event of a part that joins. */
function addToSubgroup(
  db: SqlTx,
  stream: string,
  seq: number,
  before: Effective | undefined,
  after: Effective,
  joined: QEvent | null,
): void {
  const [a, b] = [shares(after), shares(before)]
  const [dn, df, di] = [a.judged - b.judged, a.fail - b.fail, a.inconclusive - b.inconclusive]
  if (joined)
    db.run(
      `update subgroup set n = n + ?, fail = fail + ?, inconclusive = inconclusive + ?, last_event = ?, last_time = ?
       where stream = ? and seq = ?`,
      dn,
      df,
      di,
      joined.id,
      joined.time,
      stream,
      seq,
    )
  else
    db.run(
      `update subgroup set n = n + ?, fail = fail + ?, inconclusive = inconclusive + ? where stream = ? and seq = ?`,
      dn,
      df,
      di,
      stream,
      seq,
    )
}

const shares = (e: Effective | undefined): { judged: number; fail: number; inconclusive: number } => ({
  judged: e && e.result !== 'inconclusive' ? 1 : 0,
  fail: e?.result === 'fail' ? 1 : 0,
  inconclusive: e?.result === 'inconclusive' ? 1 : 0,
})

/** Closes a subgroup that is full, or looks again at one that is closed. */
function settle(p: LeanParams, ctx: ProjectCtx, s: Stream, seq: number, e: QEvent): void {
  const g = ctx.db.get<SubgroupRow>(`select * from subgroup where stream = ? and seq = ?`, s.stream, seq)
  if (!g) return
  if (g.closed_by !== null) changed(p, ctx, s, seq)
  else if (p.subgroup !== 'hour' && g.n >= p.subgroup) close(p, ctx, s, seq, e)
}

function close(p: LeanParams, ctx: ProjectCtx, s: Stream, seq: number, e: QEvent): void {
  ctx.db.run(
    `update subgroup set closed_by = ?, closed_at = ? where stream = ? and seq = ?`,
    e.id,
    e.time,
    s.stream,
    seq,
  )
  changed(p, ctx, s, seq)
}

/** A closed subgroup is new or was corrected: limits are owed, or the point is judged. */
function changed(p: LeanParams, ctx: ProjectCtx, s: Stream, seq: number): void {
  const limits = readLimits(ctx.db, s.stream)
  if (limits?.state === 'set' && seq > limits.baseTo) {
    // The zone tests look back over eight points, so a correction can change the seven after it.
    const reach = p.rules === 'western-electric' ? 8 : 1
    evaluate(p, ctx, s, { from: seq, count: reach })
    return
  }
  const closed = ctx.db.get<{ n: number }>(
    `select count(*) as n from subgroup where stream = ? and closed_by is not null and n > 0`,
    s.stream,
  )
  // Limits that are set may lose a subgroup that they rest on.
  if (limits !== null || (closed?.n ?? 0) >= p.baseline) ctx.request('limits', s.stream)
}

/** Day counters and defect tally; repeats and reworked units are counted apart. */
function count(
  db: SqlTx,
  stream: string,
  day: string,
  role: string,
  before: Effective | undefined,
  after: Effective,
): void {
  const first = role === 'first'
  const d = (result: string): number =>
    first ? Number(after.result === result) - Number(before?.result === result) : 0
  db.run(
    `insert into daily(stream, day, pass, fail, inconclusive, again) values(?, ?, ?, ?, ?, ?)
     on conflict(stream, day) do update set pass = pass + excluded.pass, fail = fail + excluded.fail,
       inconclusive = inconclusive + excluded.inconclusive, again = again + excluded.again`,
    stream,
    day,
    d('pass'),
    d('fail'),
    d('inconclusive'),
    !first && !before ? 1 : 0,
  )
  if (!first) return
  if (before) tally(db, stream, day, before, -1)
  tally(db, stream, day, after, 1)
}

/** A condemned unit counts once, under its worst class, and each of its defects counts under its own class. */
function tally(db: SqlTx, stream: string, day: string, e: Effective, sign: 1 | -1): void {
  if (e.result !== 'fail') return
  const classes = e.defects.length > 0 ? e.defects.map((d) => d.classCode) : ['unclassified']
  for (const [i, cls] of classes.entries())
    db.run(
      `insert into tally(stream, day, class, disposition, units, defects) values(?, ?, ?, ?, ?, ?)
       on conflict(stream, day, class, disposition) do update set units = units + excluded.units,
         defects = defects + excluded.defects`,
      stream,
      day,
      cls,
      e.disposition,
      i === 0 ? sign : 0,
      e.defects.length > 0 ? sign : 0,
    )
}
