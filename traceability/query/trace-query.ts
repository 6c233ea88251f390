import { join } from 'node:path'
import type { Kysely } from 'kysely'
import {
  CodedError,
  type LoggedEvent,
  type RetentionClass,
  type ScoredPage,
  type ShiftCalendar,
  type SqlDatabase,
  type TriggerBalance,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import { type CauseCount, causeCounts } from '../genealogy/cause-counts.ts'
import { type CauseTable, causeTable, type CauseTableQuery } from '../genealogy/cause-table.ts'
import type { CauseQuery } from '../genealogy/first-verdicts.ts'
import { type OldImage, oldestImages } from '../store/forgetting.ts'
import type { FlowStart } from '../genealogy/flow.ts'
import { type ExportAsk, type ExportPage, exportPage } from '../export/export-page.ts'
import { activeHolds, allHolds, byTarget, type Hold, holdOver } from '../genealogy/holds.ts'
import { type Recall, recall, type RecallQuery } from '../genealogy/recall.ts'
import { type RecallForm, recallText } from '../genealogy/recall-forms.ts'
import { SqliteEventLog } from '../log/event-log.ts'
import { openToRead } from '../store/open-to-read.ts'
import type { CaptureRecord } from '../store/record-codec.ts'
import { RunningTotals } from '../store/running-totals.ts'
import { SpooledTriggers } from '../store/spooled-triggers.ts'
import { balanceNow } from './balance-now.ts'
import { defectClasses, type DefectPlaces, defectPlaces, type PlacesQuery } from './defect-places.ts'
import { defectiveParts, goodParts, type TaughtPart, type TaughtPartsQuery } from './taught-parts.ts'
import { type ConfirmedPart, confirmedParts, type ConfirmedQuery } from './confirmed-parts.ts'
import { queryBuilder } from './dialect.ts'
import { imageFile, type ImageFacts } from './image-file.ts'
import { keptShifts } from './kept-shifts.ts'
import { identityChanges, identityMap } from '../genealogy/identity-names.ts'
import { NcrBook, readNcr } from '../ncr/ncr-events.ts'
import { type NcrDetail, ncrDetail, type NcrFilter, type NcrRow, ncrRows, todayOf } from './ncr-answers.ts'
import { type PartDetail, partDetail, storedRecord } from './part-detail.ts'
import { positionsAbout } from './part-events.ts'
import { lifeOf, type Merges, type PartLife, serialsFrom, unitsNamed } from './part-life.ts'
import { type PartFilter, type PartRow, recentRows } from './part-rows.ts'
import { reviewSaid } from './review-said.ts'
import { scoredAfter } from './scored-parts.ts'
import { DefectTotals, defectsSince, type StationCounters, stationCounters } from './statistics.ts'
import { type LettersAsk, type SinkLetter, sinkLetters, type SinkRow, sinkRows } from './sink-answers.ts'
import type { TraceTables } from './tables.ts'
import { type LifeBounds, type UnitLife, unitLife } from './unit-life.ts'

/** Read side of the records over its own connection, which never blocks the writer. */
export class TraceQuery {
  readonly #dataDir: string
  readonly #db: SqlDatabase
  readonly #k: Kysely<TraceTables>
  readonly #log: SqliteEventLog
  readonly #totals: RunningTotals
  readonly #spooled: SpooledTriggers
  readonly #defects: DefectTotals
  readonly #ncrs: NcrBook
  readonly #shifts: ShiftCalendar | null

  constructor(dataDir: string, db: SqlDatabase, shifts: ShiftCalendar | null = null) {
    this.#shifts = shifts
    this.#dataDir = dataDir
    this.#db = db
    this.#k = queryBuilder(db)
    this.#log = new SqliteEventLog(db)
    this.#totals = new RunningTotals(db)
    this.#spooled = new SpooledTriggers(join(dataDir, 'spool'))
    this.#defects = new DefectTotals(db)
    this.#ncrs = new NcrBook(db)
  }

  /** Newest first. */
  recentParts(filter: PartFilter): Promise<PartRow[]> {
    return recentRows(this.#k, filter, identityMap(this.#db))
  }

  part(inspectionId: string): Promise<PartDetail | null> {
    return partDetail(this.#k, inspectionId, this.#merges())
  }

  /** The whole capture but the pixels, as it was handed to the store: replays the verdict. */
  async record(inspectionId: string): Promise<CaptureRecord | null> {
    return (await storedRecord(this.#k, inspectionId))?.record ?? null
  }

  /** The whole life of a part by serial, canonical URI, label text or bracketed GS1 elements. */
  async bySerial(serial: string): Promise<PartLife | null> {
    const merges = this.#merges()
    return lifeOf(this.#k, merges.merged.namesOfAll(await this.#units(serial)), merges)
  }

  /** Positions of all events about an inspected part, in order; null where no inspection is of it. */
  async eventsAbout(serial: string): Promise<number[] | null> {
    const { merged, changes } = this.#merges()
    const names = merged.namesOfAll(await this.#units(serial))
    const about = positionsAbout(this.#db, names)
    return about.length === 0 ? null : [...new Set([...about, ...changes(names)])].sort((a, b) => a - b)
  }

  /** The first serials that begin with the text, in the order of their bytes. */
  serialsFrom(text: string, limit: number): Promise<string[]> {
    return serialsFrom(this.#k, text, limit)
  }

  /**
   * Timeline, origins, destinations and siblings of every unit that goes by the name; empty = nobody knows it. What was
   * merged is one unit.
   */
  async unitLives(name: string, bounds: LifeBounds = { shown: 100 }): Promise<UnitLife[]> {
    const merged = identityMap(this.#db)
    const units = new Set((await this.#units(name)).map((uri) => merged.canonical(uri)))
    const ncrs = this.#ncrs.all()
    const lives: UnitLife[] = []
    for (const uri of units) {
      const life = await unitLife(this.#db, this.#k, uri, bounds, ncrs, merged, this.#shifts)
      if (life !== null) lives.push(life)
    }
    return lives
  }

  #merges(): Merges {
    return {
      merged: identityMap(this.#db),
      changes: (names) => identityChanges(this.#db, names),
    }
  }

  async #units(name: string): Promise<string[]> {
    // Never stored, and refused in a statement.
    if (name.includes('\0')) return []
    const found = await unitsNamed(this.#k, name)
    return found.length === 0 ? [name] : found
  }

  /** Every unit that something suspect went into, and where it is. @throws TRC_NOT_FOUND, TRC_GENEALOGY */
  recall(query: RecallQuery): Recall {
    return recall(this.#db, query)
  }

  /** The same as it goes out: one text crosses to another process in a fraction of the time that its rows take. */
  recallText(query: RecallQuery, form: RecallForm, bom?: boolean): string {
    return recallText(recall(this.#db, query), form, { bom: bom ?? false })
  }

  /** First judgements per lot, supplier, station, shift and recipe, and the bad ones among them. */
  causeCounts(query: CauseQuery): CauseCount[] {
    return causeCounts(this.#db, query)
  }

  /** The newest of them by everything that is known about a part, with what goes together. */
  causeTable(query: CauseTableQuery): CauseTable {
    return causeTable(this.#db, query, this.#shifts)
  }

  /** Where on the part condemned findings lie. */
  defectPlaces(query: PlacesQuery): DefectPlaces {
    return defectPlaces(this.#db, query)
  }

  /** All holds in force, then released ones up to the limit; the newest first. */
  holds(limit = 200): Hold[] {
    return allHolds(this.#db, limit)
  }

  /** Nonconformance reports, newest first. @throws TRC_GENEALOGY for a target that names nothing */
  ncrs(filter: Partial<NcrFilter> = {}): { total: number; reports: NcrRow[] } {
    return ncrRows(this.#db, this.#ncrs.all(), { today: todayOf(this.#shifts), ...filter })
  }

  /** One report with what it names, or null. */
  ncr(id: string): NcrDetail | null {
    const ncr = id.includes('\0') ? null : readNcr(this.#db, id)
    return ncr === null ? null : ncrDetail(this.#db, ncr, todayOf(this.#shifts))
  }

  /** The hold that a part falls under, however long its origins are. @throws TRC_GENEALOGY */
  holdOver(starts: readonly FlowStart[]): Hold | null {
    return holdOver(this.#db, byTarget(activeHolds(this.#db)), starts)
  }

  /** The oldest images of a class that are still there, without its newest `keep`. */
  oldestImages(of: RetentionClass, keep: number, limit: number, drawn: readonly string[]): OldImage[] {
    return oldestImages(this.#db, of, keep, limit, drawn)
  }

  /** The next rows of an export; `exportStream` makes a file of them. */
  exportPage(ask: ExportAsk): ExportPage {
    return exportPage(this.#db, ask)
  }

  /** Inspections started at or after `sinceIso`; absent = all. */
  counters(sinceIso?: string): StationCounters[] {
    return stationCounters(this.#db, this.#totals, sinceIso)
  }

  /** Of the triggers from one time (inclusive) to another (exclusive); absent = all. */
  triggerBalance(fromIso?: string, toIso?: string): TriggerBalance[] {
    return balanceNow(this.#db, this.#totals, this.#spooled, fromIso, toIso)
  }

  /** Condemned findings per class, most frequent first; of every attempt, as the counters. */
  defectPareto(sinceIso = ''): { class: string; count: number }[] {
    return sinceIso === '' ? this.#defects.read() : defectsSince(this.#db, sinceIso)
  }

  /** The same of first verdicts, without those of parts that a person found good: rework is not seen twice. */
  defectClasses(query: CauseQuery): { class: string; count: number }[] {
    return defectClasses(this.#db, query)
  }

  /** Judged parts with their scores, and reviews, after a position of the log. */
  scoredAfter(position: number, limit: number): Promise<ScoredPage> {
    return scoredAfter(this.#k, position, limit)
  }

  reviewSaid(id: string): VerdictReviewed | null {
    return reviewSaid(this.#db, id)
  }

  /** Images of parts that count as good, newest first. */
  goodParts(query: TaughtPartsQuery & { confirmed?: boolean }): TaughtPart[] {
    return goodParts(this.#db, query)
  }

  /** Images of parts that a person found bad, newest first. */
  defectiveParts(query: TaughtPartsQuery): TaughtPart[] {
    return defectiveParts(this.#db, query)
  }

  /** Parts that a person found good or bad, oldest first. */
  confirmedParts(query: ConfirmedQuery): AsyncGenerator<ConfirmedPart> {
    return confirmedParts(this.#k, this.#db, query)
  }

  /** How far each sink that was ever served has come. */
  sinks(): SinkRow[] {
    return sinkRows(this.#db, this.#log.end())
  }

  /** What a sink did not take, newest first; a name that nobody knows has none. */
  sinkLetters(ask: LettersAsk): SinkLetter[] {
    return ask.sink.includes('\0') ? [] : sinkLetters(this.#db, ask)
  }

  eventsAfter(position: number, limit: number): LoggedEvent[] {
    return this.#log.read(position, limit)
  }

  lastPosition(): number {
    return this.#log.end()
  }

  /** Where an image lies, or null when it is unknown or was deleted by retention. */
  async image(sha256: string): Promise<ImageFacts | null> {
    const row = await this.#k
      .selectFrom('image')
      .select(['path', 'mime', 'bytes'])
      .where('sha256', '=', sha256)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return row ? { path: join(this.#dataDir, row.path), mime: row.mime, bytes: row.bytes } : null
  }

  /** Absolute path of an image's file, or null. */
  async path(sha256: string): Promise<string | null> {
    return (await this.image(sha256))?.path ?? null
  }

  /** @throws TRC_NOT_FOUND; TRC_IMAGE when the file is missing or is not the image that was stored */
  async imageBytes(sha256: string): Promise<{ mime: string; bytes: Buffer }> {
    const facts = await this.image(sha256)
    if (facts === null) throw new CodedError('TRC_NOT_FOUND', { actual: `image ${sha256}` })
    return { mime: facts.mime, bytes: await imageFile(facts.path, sha256) }
  }

  close(): void {
    this.#db.close()
  }
}

/** A file that somebody damaged costs the exact bounds of a shift, and the records stay readable. */
function shiftsOrNone(dataDir: string): ShiftCalendar | null {
  try {
    return keptShifts(dataDir)
  } catch {
    return null
  }
}

/** @throws TRC_OPEN when no store has been opened in the directory yet, or a newer program wrote it */
export function openTraceQuery(dataDir: string): TraceQuery {
  return new TraceQuery(dataDir, openToRead(join(dataDir, 'trace.db')), shiftsOrNone(dataDir))
}
