import type { I18n, PartDisposition, SqlDatabase, SqlRow } from '../../contracts/index.ts'
import { DISPOSITION } from '../happening-words.ts'
import { servedAt } from './disposition.ts'
import { namesOf } from './identity-names.ts'

/** Dispositions with which a part goes on. */
const GOES_ON: readonly PartDisposition[] = ['release', 'use-as-is', 'regrade']

interface Decision extends SqlRow {
  disposition: PartDisposition
  /** Position of the inspection that was looked at. */
  about: number | null
}

/** Parts judged or stopped of late that are remembered until their records are read back; far more than lie between stations. */
const REMEMBERED = 10_000

/** What a station asks about those before it. */
export interface StationsBefore {
  /** Their word counts. */
  upstream?: readonly string[]
  /** Of each group one at least must have judged the part. */
  judgedAt?: readonly (readonly string[])[]
}

/**
 * What stations said of a part, asked by the stations behind them: a part that one of them did not let go on is here all the
 * same where no gate stands there, where its gate failed, or when a person put it back, and must not be let go here.
 */
export class StoppedBefore {
  readonly #db: SqlDatabase
  /** Inspections that may not be in the store yet, by station and unit. */
  readonly #unread = new Map<string, string>()
  /** Parts judged lately, by station and unit: the record of one that went on may wait in the spool. */
  readonly #judged = new Map<string, true>()

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** @param inspectionId by which the station stops the unit */
  add(unit: string, station: string, inspectionId: string): void {
    remember(this.#unread, keyOf(unit, station), inspectionId)
  }

  /** A station has judged the unit. */
  judged(unit: string, station: string): void {
    remember(this.#judged, keyOf(unit, station), true)
  }

  /**
   * Why the unit must not go on: the first of these stations whose last judgement stopped it, or those of which none ever
   * judged it though one must, unless somebody decided otherwise since; null = it may. A decision counts also when another station judged the unit between, as whoever
   * took it saw both; only rework of what another station found says nothing against one that let the unit go on.
   */
  before(unit: string | null, { upstream = [], judgedAt = [] }: StationsBefore): I18n | null {
    const stations = [...new Set([...upstream, ...judgedAt.flat()])]
    if (stations.length === 0) return null
    if (unit === null) return judgedAt[0] === undefined ? null : nameless(judgedAt[0])
    // A station before may know it by another of its names, by a tag where here is a code.
    const names = namesOf(this.#db, unit)
    const unread = stations.find((station) => names.some((name) => this.#isUnread(name, station)))
    if (unread !== undefined) return stoppedBy(unread, 'hold')
    // The `+` keeps SQLite from reading all that the station ever judged, on the thread of the gate.
    const last = this.#db.all<{ station: string; position: number }>(
      `select station, max(position) as position from inspection
         where unit in (select value from json_each(?)) and +station in (select value from json_each(?))
         group by station order by position`,
      JSON.stringify(names),
      JSON.stringify(stations),
    )
    for (const { station, position } of last) {
      const disposition = this.#since(names, position)
      if (disposition !== null && !GOES_ON.includes(disposition)) return stoppedBy(station, disposition)
    }
    const known = new Set(last.map((l) => l.station))
    const sawIt = (station: string): boolean => names.some((name) => this.#judged.has(keyOf(name, station)))
    const missed = judgedAt.find((group) => !group.some((station) => known.has(station) || sawIt(station)))
    if (missed === undefined) return null
    const decided = this.#decidedSince(names, 0)
    return decided !== null && GOES_ON.includes(decided.disposition) ? null : neverJudged(missed)
  }

  /** What is in force of the judgement at this position of the log. */
  #since(names: readonly string[], position: number): PartDisposition | null {
    const served = servedAt(this.#db, position)
    const decided = this.#decidedSince(names, position)
    if (decided === null) return served
    const elsewhere = decided.disposition === 'rework' && decided.about !== position
    return elsewhere && served !== null && GOES_ON.includes(served) ? served : decided.disposition
  }

  #isUnread(unit: string, station: string): boolean {
    const key = keyOf(unit, station)
    const inspectionId = this.#unread.get(key)
    if (inspectionId === undefined) return false
    const read = this.#db.get('select 1 as there from inspection where inspection_id = ?', inspectionId)
    if (read !== undefined) this.#unread.delete(key)
    return read === undefined
  }

  /** The newest decision that stands of those taken behind a position of the log. */
  #decidedSince(names: readonly string[], position: number): Decision | null {
    const sql = `select json_extract(x.json, '$.data.disposition') as disposition,
        (select i.position from inspection i where i.inspection_id = json_extract(x.json, '$.data.inspection')) as about
      from trace_fact t join event x on x.position = t.position
      where t.subject in (select value from json_each(?)) and t.kind = 'dispose' and t.superseded_by is null
        and t.position > ? order by t.position desc limit 1`
    return this.#db.get<Decision>(sql, JSON.stringify(names), position) ?? null
  }
}

function remember<T>(of: Map<string, T>, key: string, value: T): void {
  of.delete(key)
  of.set(key, value)
  for (const oldest of of.keys()) {
    if (of.size <= REMEMBERED) return
    of.delete(oldest)
  }
}

const keyOf = (unit: string, station: string): string => `${station} ${unit}`

const stoppedBy = (station: string, disposition: PartDisposition): I18n => ({
  en: `Station ${station} did not let the part go on: ${DISPOSITION[disposition].en}`,
  zh: `工位 ${station} 未放行该工件:${DISPOSITION[disposition].zh}`,
})

const neverJudged = (group: readonly string[]): I18n => ({
  en: `Station ${group.join(' or ')} has never judged the part`,
  zh: `工位 ${group.join(' 或 ')} 从未判定该工件`,
})

const nameless = (group: readonly string[]): I18n => ({
  en: `The part has no name by which to tell whether station ${group.join(' or ')} has judged it`,
  zh: `工件没有名称,无法确认工位 ${group.join(' 或 ')} 是否判定过该工件`,
})
