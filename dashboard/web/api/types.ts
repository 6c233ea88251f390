import type { z } from 'zod'
import type { UnitDisposition } from '../../../contracts/index.ts'
import type { partAnswerSchema, partPageSchema } from '../../server/routes/parts.ts'
import type { accountsChangedSchema, meSchema } from '../../server/schemas/accounts.schema.ts'
import type { latencySchema, lineAnswerSchema } from '../../server/schemas/live.schema.ts'
import type { PartDetail } from '../../server/ports.ts'
import type { LiveMessageData } from '../../server/live/message.ts'

export type {
  DriftAnswer,
  EscapeEstimate,
  EscapeEstimates,
  LifeAnswer,
  RegisteredModel,
  ReviewItem,
  ReviewsAnswer,
  SeriesReport,
  ShadowAgreement,
  ShownTeachRun,
  TeachAnswer,
  TeachEstimateAnswer,
  TeachPicture,
} from '../../server/life-ports.ts'
export type {
  Alarm,
  Analysis,
  DefectCount,
  Hold,
  Inclusion,
  LineInfo,
  LineState,
  LogProofState,
  NcrDetail,
  NcrList,
  NcrRow,
  OperatorsAnswer,
  PartDetail,
  PartRow,
  Places,
  Recall,
  RecipeFacts,
  SerialLife,
  ShiftBalances,
  StationBalance,
  StationCounters,
  Text,
  UnitLife,
} from '../../server/ports.ts'
export type { PlantAnswer } from '../../server/plant-ports.ts'
export type {
  Finding,
  Measurement,
  Registration,
  ScoreMap,
  StageTiming,
  UnitDisposition,
  VerdictResult,
} from '../../../contracts/index.ts'
/** As the API gives it: codes of errors are plain text here. */
export type Verdict = PartDetail['verdict']
export type PartAnswer = z.infer<typeof partAnswerSchema>
export type PartPage = z.infer<typeof partPageSchema>
export type Me = z.infer<typeof meSchema>
export type AccountsAnswer = z.infer<typeof accountsChangedSchema>
export type LineAnswer = z.infer<typeof lineAnswerSchema>
export type Latency = z.infer<typeof latencySchema>
export type LiveMessages = LiveMessageData

/** What a person can decide about a part, in the order in which it is offered. */
export const UNIT_DISPOSITIONS = [
  'release',
  'use-as-is',
  'rework',
  'regrade',
  'return-to-supplier',
  'scrap',
] as const satisfies readonly UnitDisposition[]

/** Order of display everywhere. */
export const RESULTS = ['pass', 'fail', 'inconclusive'] as const
