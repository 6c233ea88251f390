import type {
  ErrorFact,
  FirstArticle,
  GateResult,
  I18n,
  ModelCard,
  WatchSpec,
  WordedFact,
} from '../../contracts/index.ts'
import type {
  Activation,
  LifeAlarm,
  QueueCounts,
  ReviewItem,
  SeriesReport,
  ShadowAgreement,
  ShadowReport,
  StratumCount,
  TeachProgress,
  TeachReport,
} from '../../models/index.ts'

/** A model package as the registry page shows it. */
export interface RegisteredModel {
  dir: string
  id: string | null
  version: string | null
  title: I18n | null
  family: string | null
  sha256: string | null
  licence: string | null
  signedBy: string | null
  /** What it was trained on, by name and hash. */
  lineage: ModelCard['trainingData']
  /** How the threshold came about. */
  threshold: ModelCard['threshold'] | null
  /** Its teach data are here: images can be added and taken out. */
  taught: boolean
  metrics: Record<string, number>
  goldenVectors: number
  /** True: this line loaded it, and it reproduced its golden vectors; else nobody ran it here. */
  reproduced: boolean
  /** Stations whose recipe in force pins it by hash. */
  inForce: { station: string; recipe: string }[]
  /** Null when signature, hashes and card are in order. */
  error: ErrorFact | null
}

export interface EscapeEstimate {
  /** Unbiased share of bad parts among the passed ones that the sample covers; null = nobody looked. */
  estimate: number | null
  interval: { low: number; high: number; confidence: number } | null
  effectiveN: number
  /** Share of the passed parts in strata where nobody looked. */
  uncovered: number
  passed: number
  sampled: number
  reviewed: number
  escapes: number
  undecided: number
}

export interface EscapeEstimates {
  all: EscapeEstimate
  byRecipe: (EscapeEstimate & { station: string; recipe: string })[]
  strata: StratumCount[]
}

/** Parts of known condition that a station must judge right from time to time. */
export interface ChallengeState {
  /** Longest time between, min. */
  everyMin: number
  /** Of what was not judged right in time. */
  overdue: 'hold' | 'warn'
  /** What is wanted now; null = all were judged right in time. */
  wanted: I18n | null
  parts: {
    code: string
    expect: 'pass' | 'fail'
    classes: string[]
    /** Since the recipe came into force. */
    last: { at: string; right: boolean; text: I18n } | null
    dueAt: string | null
  }[]
}

/** Products that people must call good before a station lets any go on with its recipe. */
export interface FirstArticleState {
  /** How many that the station passed. */
  parts: number
  /** What is wanted now; null = approved. */
  wanted: I18n | null
  /** What people said of them. */
  articles: FirstArticle[]
  /** Passed parts that nobody has reviewed yet, the first ones. */
  waiting: { inspectionId: string; serial: string; at: string }[]
}

/** `GET /api/life` */
export interface LifeAnswer {
  stations: {
    station: string
    current: Activation
    history: Activation[]
    shadow: {
      running: { judged: number; skipped: number; failed: number } | null
      report: ShadowReport | null
    }
    challenge: ChallengeState | null
    firstArticle: FirstArticleState | null
  }[]
  gates: GateResult[]
  /** `id@version` of every recipe file beside the line. */
  recipes: string[]
}

/** `GET /api/life/drift` */
export interface DriftAnswer {
  watch: WatchSpec
  stations: { station: string; series: SeriesReport[] }[]
  alarms: LifeAlarm[]
}

type Estimate = NonNullable<TeachProgress['estimate']>

/** A teaching that a page started. */
export interface ShownTeachRun {
  id: string
  ask: { id: string; by: string; recipe: string | null }
  /** The model whose images were changed; null = taught from the beginning. Runs of earlier versions were. */
  of?: { version: string; sha256: string } | null
  version: string
  state: 'running' | 'done' | 'failed' | 'cancelled'
  startedAt: string
  endedAt: string | null
  /** Good recorded parts that were chosen and have an image; null = not counted yet, or a folder. */
  images: number | null
  /** Recorded parts without an image any more. */
  withoutImage: number
  progress: { stage: TeachProgress['stage'] | 'gather'; done: number; total: number }
  estimate: Estimate | null
  error: WordedFact | null
  /** The package that was made. */
  made: { dir: string; sha256: string; report: ShownTeachReport } | null
}

/** What runs of earlier versions did not say. */
type Later = 'turnedCopies' | 'workpieces' | 'source' | 'working' | 'tiles'
/** They did not say what was not measured, either, and the reason in English only. */
type ShownTeachReport = Omit<TeachReport, 'scores' | 'choice' | Later> &
  Partial<Pick<TeachReport, Later>> & {
    choice: Omit<TeachReport['choice'], 'reason' | 'notMeasured'> &
      Partial<Pick<TeachReport['choice'], 'notMeasured'>> & {
        reason: TeachReport['choice']['reason'] | string
      }
  }

/** `GET /api/life/teach` */
export interface TeachAnswer {
  running: ShownTeachRun | null
  runs: ShownTeachRun[]
  /** Whose images may be taught. */
  folders: string[]
}

/** `GET /api/life/teach/picture` */
export interface TeachPicture {
  /** As the report names it. */
  name: string
  /** `data:` URL, 320 px wide at most. */
  image: string
}

/** `POST /api/life/teach/estimate` */
export interface TeachEstimateAnswer {
  version: string
  images: number | null
  withoutImage: number
  estimate: Estimate
}

/** `GET /api/life/reviews` */
export interface ReviewsAnswer {
  counts: QueueCounts
  waiting: ReviewItem[]
  done: ReviewItem[]
}

export type { ReviewItem, SeriesReport, ShadowAgreement }
