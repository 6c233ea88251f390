import type { Effective, SqlRead } from '../kit/io.ts'

/** One process whose fractions belong together: line, station, product, and whether its parts are simulated. */
export interface Stream {
  stream: string
  line: string
  station: string
  product: string
  simulated: boolean
}

export const LEAN_SCHEMA = [
  `create table stream(stream text primary key, line text not null, station text not null, product text not null,
     simulated integer not null) without rowid`,
  // role: first inspection of a unit, a repeat of it, or a reworked unit; only the first counts in chart and yield
  `create table piece(inspection_id text primary key, stream text not null, serial text not null, role text not null,
     seq integer) without rowid`,
  `create index piece_unit on piece(stream, serial)`,
  `create table subgroup(stream text not null, seq integer not null, n integer not null default 0,
     fail integer not null default 0, inconclusive integer not null default 0, first_event text not null,
     last_event text not null, first_time text not null, last_time text not null, closed_by text, closed_at text,
     primary key(stream, seq)) without rowid`,
  `create table limits(stream text primary key, base_to integer, result text not null) without rowid`,
  `create table daily(stream text not null, day text not null, pass integer not null default 0,
     fail integer not null default 0, inconclusive integer not null default 0, again integer not null default 0,
     primary key(stream, day)) without rowid`,
  `create table tally(stream text not null, day text not null, class text not null, disposition text not null,
     units integer not null default 0, defects integer not null default 0,
     primary key(stream, day, class, disposition)) without rowid`,
]

export const streamOf = (e: Effective): Stream => ({
  stream: `${e.line}/${e.station}/${e.product}${e.simulated ? '/simulated' : ''}`,
  line: e.line,
  station: e.station,
  product: e.product,
  simulated: e.simulated,
})

export interface SubgroupRow {
  stream: string
  seq: number
  n: number
  fail: number
  inconclusive: number
  first_event: string
  last_event: string
  first_time: string
  last_time: string
  closed_by: string | null
  closed_at: string | null
  [column: string]: string | number | null
}

export interface StreamFilter {
  line?: string | undefined
  station?: string | undefined
  product?: string | undefined
  simulated?: boolean | undefined
}

/** Streams that match, the one with the newest part first. */
export function findStreams(db: SqlRead, f: StreamFilter): Stream[] {
  return db
    .all<{ stream: string; line: string; station: string; product: string; simulated: number }>(
      `select s.* from stream s
       where (?1 is null or line = ?1) and (?2 is null or station = ?2) and (?3 is null or product = ?3)
         and (?4 is null or simulated = ?4)
       order by (select last_time from subgroup g where g.stream = s.stream order by seq desc limit 1) desc, stream`,
      f.line ?? null,
      f.station ?? null,
      f.product ?? null,
      f.simulated === undefined ? null : Number(f.simulated),
    )
    .map((r) => ({ ...r, simulated: r.simulated === 1 }))
}

/** Streams whose counts may be added up: never real and simulated parts together; real ones when there are any. */
export function summable(db: SqlRead, f: StreamFilter): { streams: Stream[]; simulated: boolean } {
  const all = findStreams(db, f)
  const simulated = f.simulated ?? (all.length > 0 && all.every((s) => s.simulated))
  return { streams: all.filter((s) => s.simulated === simulated), simulated }
}
