import type { z } from 'zod'
import type {
  CauseTable,
  CauseTableQuery,
  DefectPlaces,
  ExportAsk,
  ExportPage,
  PartFilter,
  PlacesQuery,
  ProofState,
  RecallForm,
} from '../../traceability/query/index.ts'
import type {
  FactAck,
  IdentityChanged,
  LoggedEvent,
  NcrAck,
  NcrStep,
  Role,
  ShiftCalendar,
  TraceFact,
} from '../../contracts/index.ts'
import type {
  edgeSchema,
  lifeEventSchema,
  paretoSchema,
  partDetailSchema,
  partRowSchema,
  serialLifeSchema,
  stationCountersSchema,
  shiftBalancesSchema,
  triggerBalanceSchema,
} from './schemas/part.schema.ts'
import type {
  alarmSchema,
  lineInfoSchema,
  lineStateSchema,
  recipeFactsSchema,
} from './schemas/line.schema.ts'
import type { causeCountSchema, analysisSchema, placesSchema } from './schemas/analysis.schema.ts'
import type { holdSchema, recallSchema, unitLifeSchema } from './schemas/genealogy.schema.ts'
import type { ncrDetailSchema, ncrListSchema } from './schemas/ncr.schema.ts'
import type { inclusionSchema, proofStateSchema } from './schemas/proof.schema.ts'
import type { operatorsSchema } from './schemas/operators.schema.ts'
import type { ncrRowSchema } from './schemas/ncr-row.schema.ts'
import type { sinkLetterSchema, sinkRowSchema, sinksAnswerSchema } from './schemas/sinks.schema.ts'
import type { i18nTextSchema } from './schemas/verdict.schema.ts'

export type Awaitable<T> = T | Promise<T>

export type PartRow = z.infer<typeof partRowSchema>
export type PartDetail = z.infer<typeof partDetailSchema>
export type SerialLife = z.infer<typeof serialLifeSchema>
export type LifeEvent = z.infer<typeof lifeEventSchema>
export type Edge = z.infer<typeof edgeSchema>
export type CauseCount = z.infer<typeof causeCountSchema>
export type Analysis = z.infer<typeof analysisSchema>
export type Places = z.infer<typeof placesSchema>
export type UnitLife = z.infer<typeof unitLifeSchema>
export type Recall = z.infer<typeof recallSchema>
export type Hold = z.infer<typeof holdSchema>
export type Inclusion = z.infer<typeof inclusionSchema>
export type LogProofState = z.infer<typeof proofStateSchema>
export type OperatorsAnswer = z.infer<typeof operatorsSchema>
export type NcrRow = z.infer<typeof ncrRowSchema>
export type NcrList = z.infer<typeof ncrListSchema>
export type NcrDetail = z.infer<typeof ncrDetailSchema>
export type SinkRow = z.infer<typeof sinkRowSchema>
export type SinkLetter = z.infer<typeof sinkLetterSchema>
export type ShownSink = z.infer<typeof sinksAnswerSchema>['sinks'][number]
export type StationCounters = z.infer<typeof stationCountersSchema>
export type StationBalance = z.infer<typeof triggerBalanceSchema>
export type ShiftBalances = z.infer<typeof shiftBalancesSchema>
export type DefectCount = z.infer<typeof paretoSchema>[number]
export type LineInfo = z.infer<typeof lineInfoSchema>
export type LineState = z.infer<typeof lineStateSchema>
export type Alarm = z.infer<typeof alarmSchema>
export type RecipeFacts = z.infer<typeof recipeFactsSchema>
export type Text = z.infer<typeof i18nTextSchema>

/**
 * The read side of the records, as pages need it. On a line all but `eventsAfter` and `lastPosition` are
 * answered in another thread.
 */
export interface PartQueries {
  /** Newest first. */
  recentParts(filter: PartFilter): Awaitable<PartRow[]>
  part(inspectionId: string): Awaitable<PartDetail | null>
  bySerial(serial: string): Awaitable<SerialLife | null>
  /** The first serials that begin with the text. */
  serialsFrom(text: string, limit: number): Awaitable<string[]>
  /** Every unit that goes by the name, with at most `shown` entries per list; empty = nobody knows it. */
  unitLives(name: string, bounds: { shown: number }): Awaitable<UnitLife[]>
  /** As it goes out, in JSON that of a `Recall`. @throws TRC_NOT_FOUND, TRC_GENEALOGY */
  recallText(
    query: { target: string; from?: string; to?: string },
    form: RecallForm,
    bom?: boolean,
  ): Awaitable<string>
  /** First judgements by what they may be put down to; `bad` with the class, or failed at all. */
  causeCounts(query: { class?: string; from?: string; to?: string }): Awaitable<CauseCount[]>
  /** The newest of them by everything that is known about a part, with what goes together. */
  causeTable(query: CauseTableQuery): Awaitable<CauseTable>
  /** Where on the part condemned findings of first judgements lie. */
  defectPlaces(query: PlacesQuery): Awaitable<DefectPlaces>
  /** The same of first judgements from one time (inclusive) to another (exclusive), without false calls. */
  defectClasses(query: { from?: string; to?: string }): Awaitable<DefectCount[]>
  /** All in force, then the newest released ones. */
  holds(): Awaitable<Hold[]>
  /** Nonconformance reports, newest first. @throws TRC_GENEALOGY for a target that names nothing */
  ncrs(filter: { open?: boolean; target?: string }): Awaitable<NcrList>
  ncr(id: string): Awaitable<NcrDetail | null>
  /** Absent `sinceIso` = all records. */
  counters(sinceIso?: string): Awaitable<StationCounters[]>
  /** Of the triggers from one time (inclusive) to another (exclusive), RFC 3339 UTC; absent = all. */
  triggerBalance(fromIso?: string, toIso?: string): Awaitable<StationBalance[]>
  /** Condemned findings per class, most frequent first; of parts judged from this time on, absent = all. */
  defectPareto(sinceIso?: string): Awaitable<DefectCount[]>
  /** How far each sink that was ever served has come. */
  sinks(): Awaitable<SinkRow[]>
  /** What a sink did not take, newest first, before a position. */
  sinkLetters(ask: { sink: string; limit: number; before?: number }): Awaitable<SinkLetter[]>
  /** The next rows of an export. */
  exportPage(ask: ExportAsk): Awaitable<ExportPage>
  /** Events with a position > `position`, in order, at most `limit`. */
  eventsAfter(position: number, limit: number): Awaitable<LoggedEvent[]>
  /** Position of the newest event, 0 when the log is empty. */
  lastPosition(): Awaitable<number>
}

/** What the records of a plant answer as those of a line do. */
export type RecordQueries = Omit<
  PartQueries,
  'triggerBalance' | 'sinks' | 'sinkLetters' | 'eventsAfter' | 'lastPosition'
>

/** What the live feed reads for every event: short, so that a long question of somebody never delays it. */
export type LiveQueries = Pick<PartQueries, 'eventsAfter' | 'lastPosition' | 'recentParts'>

/** Where stated facts and steps of nonconformance reports go. */
export interface FactPort {
  /** @throws TRC_NOT_FOUND, TRC_GENEALOGY, TRC_HELD, TRC_DUPLICATE, TRC_WRITE */
  recordFact(fact: TraceFact): Promise<FactAck>
  /** @throws TRC_NOT_FOUND, TRC_GENEALOGY, TRC_NCR, TRC_DUPLICATE, TRC_WRITE */
  recordNcrStep(step: NcrStep): Promise<NcrAck>
}

/** What the watch over the models measures, for the metrics. */
export interface ModelNumbers {
  /** The last comparison of each score with its reference. */
  drift: { station: string; recipe: string; series: string; psi: number; d: number; p: number }[]
  /** Parts that wait for review. */
  waiting: number
  /** Null where nobody has looked yet. */
  escapes: {
    station: string
    recipe: string
    estimate: number | null
    high: number | null
    reviewed: number
  }[]
}

export interface ResolverLink {
  href: string
  linkType: string
  title: string
}

/** What an identity on record resolves to. */
export interface Resolved {
  canonical: string
  links: ResolverLink[]
  /** `application/linkset+json` */
  linkset: object
}

export interface ResolverPort {
  /**
   * @param path  of a GS1 Digital Link, from its primary key on
   * @param base  of this server as the client sees it
   * @throws TRC_IDENTITY for a path that is no valid Digital Link
   */
  resolve(path: string, base: string): Promise<Resolved | null>
  /** Null for another prefix, or a number nobody knows. */
  handle(prefix: string, suffix: string, base: string): Promise<object | null>
}

export interface IdentityPort {
  /** @throws TRC_IDENTITY, TRC_NOT_FOUND, TRC_WRITE */
  change(change: IdentityChanged): Promise<IdentityChanged>
}

/** What is sent to a sink again: everything behind a position, or without one its dead letters. */
export interface SinkReplay {
  from?: number
  by: string
}

export interface SinkPort {
  /**
   * Resolves when the request is on record and cannot be forgotten, or, for dead letters, is under way: these stay
   * until they are taken.
   *
   * @throws TRC_NOT_FOUND for a sink that the line does not have; TRC_SINK, TRC_WRITE
   */
  replay(sink: string, ask: SinkReplay): Promise<void>
}

/** Who is signed on at the stations. */
export interface OperatorPort {
  list(): OperatorsAnswer
  /** @param badge null signs off @throws TRC_NOT_FOUND, TRC_WRITE */
  signOn(station: string, badge: string | null): Promise<void>
  /** @throws TRC_NOT_FOUND, TRC_WRITE */
  forget(ref: string): Promise<void>
}

/** The proof of the log. */
export interface ProofPort {
  /** Null when the line does not sign its log. */
  state(): ProofState | null
  /** Null when nobody knows the part. @throws TRC_PROOF, TRC_KEY, TRC_NOTE */
  partProof(serial: string): Awaitable<Inclusion | null>
  /** No events where the log has none at the position. @throws TRC_PROOF, TRC_KEY, TRC_NOTE */
  eventProof(position: number): Awaitable<Inclusion>
  /** JSON. @throws TRC_NOT_FOUND, TRC_PROOF, TRC_KEY */
  partBundle(serial: string): Awaitable<string>
}

/** The running line, read only. */
export interface LiveLine {
  info(): LineInfo
  state(): LineState
  /** Facts of any recipe that judged a stored part, also of an older version; null when it is no longer there. */
  recipe(id: string): RecipeFacts | null
  /** Absent = all parts have one name of a shift. */
  readonly shifts?: ShiftCalendar
  /** Absent = nobody watches the models. */
  models?(): ModelNumbers
  /** Calls back after new events are committed: a wake-up, not a delivery. Returns the unsubscriber. */
  onAppend(listener: () => void): () => void
}

export interface ImageReader {
  /** Absolute path of the stored bytes, or null. `sha256` is 64 lower-case hex digits, already checked. */
  path(sha256: string): Awaitable<string | null>
}

export interface ModuleRequest {
  params: Record<string, string>
  query: Record<string, unknown>
  body: unknown
  role: string
  user: string
}

export interface ModuleResponse {
  status: number
  /** Errors are `{ error: { code, message }, ... }`; `failure` is what went wrong, for the log. */
  body: unknown
  failure?: unknown
}

/** One endpoint of the module host, free of any web framework; `path` is absolute, in Express form. */
export interface ModuleHandler {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  title: Text
  role: Role
  /** Documentation; the handler checks for itself. */
  query: z.ZodType
  body: z.ZodType
  /** Never rejects. */
  handle(request: ModuleRequest): Promise<ModuleResponse>
}

export interface ModuleHandlers {
  handlers: readonly ModuleHandler[]
}

/** PEM texts; the certificate of the server first, then those between it and its authority. */
export interface CertificatePem {
  cert: string
  key: string
}

/** The certificate of the server, which may be renewed while it is served. */
export interface Certificate {
  /** Null = there is none that could be served: connections fail until there is. */
  readonly current: CertificatePem | null
  onRenewed(listener: (pem: CertificatePem) => void): void
}

/** The part of pino the server uses. */
export interface DashboardLog {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}
