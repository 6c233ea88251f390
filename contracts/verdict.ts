import type { ErrorCode } from './errors.ts'
import type { CodeRead, Finding, Measurement, Registration, ScoreMap } from './finding.ts'
import type { I18n } from './i18n.ts'

/** Of one inspection. `inconclusive` always holds the part. */
export const VERDICTS = ['pass', 'fail', 'inconclusive'] as const
export type VerdictResult = (typeof VERDICTS)[number]

/** Of the part. */
export const DISPOSITIONS = ['release', 'rework', 'scrap', 'hold'] as const
export type Disposition = (typeof DISPOSITIONS)[number]

/** What a person can decide about a unit; `hold` is no decision but the want of one. */
export const UNIT_DISPOSITIONS = [
  'release',
  'rework',
  'regrade',
  'scrap',
  'return-to-supplier',
  'use-as-is',
] as const
export type UnitDisposition = (typeof UNIT_DISPOSITIONS)[number]

/** What can be in force for a part: by rule or gate, or by a person. */
export const PART_DISPOSITIONS = ['hold', ...UNIT_DISPOSITIONS] as const
export type PartDisposition = (typeof PART_DISPOSITIONS)[number]

export const SEVERITIES = ['minor', 'major', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Why a trigger has no judgement: the second term of triggers = verdicts + explained no-verdicts. */
export const NO_VERDICT_REASONS = [
  'missed', // no usable frame reached us
  'decode', // bytes are not an image we accept
  'wrong-size',
  'quality', // the image quality gate refused it
  'registration',
  'tool', // a tool or model failed
  'rule', // a rule failed
  'deadline', // not ready in time; a late result is recorded but never actuates
  'overload', // nowhere to judge it
  'worker-lost',
  'interrupted', // the system stopped in between
  'no-record', // judged, but neither store nor spool took the record in time
  'identity', // code missing, double, or of another product where the recipe demands it
  'challenge', // no product: a known part that checks the station
] as const
export type NoVerdictReason = (typeof NO_VERDICT_REASONS)[number]

export interface NoVerdict {
  reason: NoVerdictReason
  code: ErrorCode
  message: string
}

/** One rule as it was evaluated; with the inputs and versions of the verdict it replays bit by bit. */
export interface RuleStep {
  rule: string
  when: string
  matched: boolean
  /** The values the condition referred to, by name. */
  inputs: Record<string, unknown>
  /** Ids of the findings the rule condemned. */
  defects: string[]
}

export interface RuleTrace {
  ruleset: string
  steps: RuleStep[]
  /** Rule that decided, or `default`, or `no-verdict`. */
  decidedBy: string
}

/** Milliseconds per stage of one inspection, wall time in the worker. */
export interface StageTiming {
  queueMs: number
  decodeMs: number
  gateMs: number
  toolsMs: Record<string, number>
  /** Time inside `session.run` alone, a part of toolsMs. */
  inferMs: number
  ruleMs: number
  totalMs: number
}

export interface ImageQuality {
  /** Variance of the Laplacian, grey levels squared. */
  focus: number
  meanGrey: number
  /** Share of pixels at 255, 0..1. */
  glare: number
  /** Share of pixels at 0, 0..1. */
  dark: number
  /** Ratio of horizontal to vertical gradient energy, ≥ 1; grows with motion blur. */
  blurAnisotropy: number
}

/** The judgement of one trigger: plain data, same pixels + recipe + models give the same bytes (timing aside). */
export interface Verdict {
  result: VerdictResult
  disposition: Disposition
  severity: Severity | null
  noVerdict: NoVerdict | null
  /** For people, one per deciding cause. */
  reasons: I18n[]
  findings: Finding[]
  /** Ids of the findings condemned by rules. */
  defects: string[]
  measurements: Measurement[]
  codes: CodeRead[]
  scores: Record<string, number>
  maps: ScoreMap[]
  registration: Registration | null
  quality: ImageQuality | null
  trace: RuleTrace
  /** `id@version` */
  recipe: string
  /** SHA-256 of the canonical recipe. */
  recipeSha256: string
  models: { id: string; version: string; sha256: string; provider: string }[]
}

/** The fail-closed judgement for anything that went wrong. */
export function noVerdict(
  recipe: { id: string; sha256: string },
  nv: NoVerdict,
  partial: Partial<Verdict> = {},
): Verdict {
  return {
    findings: [],
    measurements: [],
    codes: [],
    scores: {},
    maps: [],
    registration: null,
    quality: null,
    models: [],
    ...partial,
    defects: [],
    result: 'inconclusive',
    disposition: 'hold',
    severity: null,
    noVerdict: nv,
    reasons: [NO_VERDICT_TEXT[nv.reason]],
    trace: { ruleset: recipe.id, steps: partial.trace?.steps ?? [], decidedBy: 'no-verdict' },
    recipe: recipe.id,
    recipeSha256: recipe.sha256,
  }
}

export const NO_VERDICT_TEXT: Record<NoVerdictReason, I18n> = {
  missed: { en: 'No usable frame for this trigger', zh: '该触发没有可用图像' },
  decode: { en: 'The image cannot be decoded', zh: '图像无法解码' },
  'wrong-size': { en: 'The image size differs from the recipe', zh: '图像尺寸与配方不符' },
  quality: { en: 'Image quality is too poor to judge', zh: '图像质量不足,无法判定' },
  registration: { en: 'The part could not be located', zh: '无法定位工件' },
  tool: { en: 'A tool or model failed', zh: '检测工具或模型出错' },
  rule: { en: 'A rule could not be evaluated', zh: '规则无法执行' },
  deadline: { en: 'Not judged in time', zh: '未能在时限内判定' },
  overload: { en: 'The system is overloaded', zh: '系统过载' },
  'worker-lost': { en: 'The inspection worker was lost', zh: '检测进程丢失' },
  interrupted: { en: 'The system stopped before the part was judged', zh: '系统在判定前中断' },
  'no-record': { en: 'The record could not be stored in time', zh: '记录未能及时保存' },
  identity: { en: 'The identity of the part is not established', zh: '工件身份未确认' },
  challenge: { en: 'A challenge part, no product', zh: '验证件,不是产品' },
}
