import {
  asCoded,
  CodedError,
  type ErrorCode,
  type FrameFormat,
  type InspectOutcome,
  type NoVerdict,
  type NoVerdictReason,
  noVerdict,
  type PartContext,
  type StageTiming,
  type RawMap,
  toFact,
  type Verdict,
} from '../../contracts/index.ts'
import { qualityError } from '../gate/index.ts'
import { completeFindings, type PreparedTool, type ToolResult } from '../tools/index.ts'
import { assertFinite } from '../tools/finite.ts'
import { decodeFrame } from './decode.ts'
import { FrameMemory } from './frame-memory.ts'
import { type GoldenTemplate, PartImage } from './part-image.ts'
import type { PreparedRecipe } from './prepare.ts'
import { intoPartFrame } from './register-image.ts'
import { checkSeen } from './seen.ts'

/** Bytes of one trigger; borrowed until the outcome settles. */
export interface FrameInput {
  bytes: Uint8Array
  format: FrameFormat
  /** Golden template of this very part (paired data sets). */
  reference?: { bytes: Uint8Array; format: FrameFormat }
}

/** Who judges, and how long the frame waited for it, ms. */
export interface InspectOptions {
  worker?: string
  queueMs?: number
  /** Keep the score maps as the models gave them. */
  rawMaps?: boolean
}

/**
 * Judges one frame: decode, gate, registration, tools, rules. Never throws: whatever goes wrong is a no-verdict that
 * holds the part. The same pixels, recipe and models give the same verdict, byte for byte.
 */
export async function inspect(
  frame: FrameInput,
  prepared: PreparedRecipe,
  context: PartContext,
  options: InspectOptions = {},
): Promise<InspectOutcome> {
  const started = performance.now()
  const judging = new Judging(prepared, context, options.queueMs ?? 0)
  const verdict = await judging.judge(frame).finally(() => judging.memory.giveBack())
  const { timing } = judging
  timing.totalMs = timing.queueMs + performance.now() - started
  const { widthPx = 0, heightPx = 0 } = judging.image ?? {}
  const maps = options.rawMaps ? { rawMaps: judging.rawMaps } : {}
  return { verdict, timing, widthPx, heightPx, ...maps, worker: options.worker ?? 'local/0' }
}

class Judging {
  readonly timing: StageTiming
  readonly memory = new FrameMemory()
  image: PartImage | null = null
  readonly rawMaps: RawMap[] = []
  readonly #prepared: PreparedRecipe
  readonly #context: PartContext
  readonly #seen: Omit<
    Verdict,
    'result' | 'disposition' | 'severity' | 'noVerdict' | 'reasons' | 'defects' | 'trace'
  >
  #golden: GoldenTemplate | null
  /** The first thing that went wrong; it decides. */
  #stop: NoVerdict | null = null
  /** What no rule looked at; it does not decide where the rest already condemns the part. */
  #untold: CodedError | null = null

  constructor(prepared: PreparedRecipe, context: PartContext, queueMs: number) {
    this.#prepared = prepared
    this.#context = context
    this.#golden = prepared.golden
    this.timing = { queueMs, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 }
    this.#seen = {
      findings: [],
      measurements: [],
      codes: [],
      scores: {},
      maps: [],
      registration: null,
      quality: null,
      recipe: prepared.id,
      recipeSha256: prepared.sha256,
      models: prepared.models,
    }
  }

  async judge(frame: FrameInput): Promise<Verdict> {
    await this.#decode(frame)
    if (this.image) {
      if (!this.#stop) this.#gate(this.image)
      await this.#tools(this.image)
    }
    return this.#stop ? this.#held(this.#stop) : this.#rules()
  }

  async #decode(frame: FrameInput): Promise<void> {
    const started = performance.now()
    const { view, golden } = this.#prepared.recipe
    try {
      const reference = golden?.from === 'frame' ? this.#decodeReference(frame.reference) : null
      // Both are awaited before either fault is raised, so that no decoder still reads borrowed bytes afterwards.
      const [own, template] = await Promise.allSettled([
        decodeFrame(frame.bytes, frame.format, view, this.memory.take),
        reference,
      ])
      if (own.status === 'rejected') throw own.reason
      this.image = new PartImage(own.value, this.memory.take)
      this.#prepared.colour(own.value)
      if (template.status === 'rejected') throw template.reason
      this.#golden = template.value ?? this.#golden
    } catch (error) {
      const coded = asCoded(error, 'INS_DECODE')
      this.#fail(coded.code === 'INS_WRONG_SIZE' ? 'wrong-size' : 'decode', coded)
    }
    this.timing.decodeMs = performance.now() - started
  }

  async #decodeReference(reference: FrameInput['reference']): Promise<GoldenTemplate> {
    if (!reference)
      throw new CodedError('INS_DECODE', {
        path: 'reference',
        expected: 'a golden template with the frame (`golden: { from: frame }`)',
        actual: 'none',
      })
    try {
      return await this.#prepared.frameGolden.of(reference.bytes, reference.format)
    } catch (error) {
      const coded = asCoded(error, 'INS_DECODE')
      throw new CodedError(coded.code, { ...coded.detail, path: 'reference' })
    }
  }

  #gate(image: PartImage): void {
    const started = performance.now()
    try {
      const { quality, violations } = this.#prepared.gate(image)
      this.#seen.quality = quality
      if (violations.length > 0) this.#fail('quality', qualityError(violations))
    } catch (error) {
      this.#fail('quality', asCoded(error, 'INS_QUALITY'))
    }
    this.timing.gateMs = performance.now() - started
  }

  /** After a fault only codes are read: a part that cannot be judged still has a name. */
  async #tools(frame: PartImage): Promise<void> {
    let image = frame
    for (const tool of this.#prepared.tools) {
      if (this.#stop && tool.use !== 'code@1') continue
      const started = performance.now()
      try {
        const result = await tool.run({ image, golden: this.#golden })
        this.#collect(tool, result)
        if (result.registration) {
          image = intoPartFrame(image, result.registration, this.memory.take)
          checkSeen(this.#prepared.recipe, result.registration)
        }
      } catch (error) {
        const coded = asCoded(error, 'INS_TOOL', { path: tool.id })
        this.#fail(coded.code === 'INS_REGISTER' ? 'registration' : 'tool', coded)
      }
      this.timing.toolsMs[tool.id] = performance.now() - started
    }
  }

  #collect(tool: PreparedTool, result: ToolResult): void {
    const {
      findings = [],
      untold = 0,
      measurements = [],
      codes = [],
      scores = {},
      map,
      rawMap,
      registration,
      inferMs,
    } = result
    const code: ErrorCode = tool.model ? 'MDL_OUTPUT' : 'INS_TOOL'
    assertFinite(Object.entries(scores), code, tool.id)
    assertFinite(
      measurements.map((m) => [m.characteristic, m.value] as const),
      code,
      tool.id,
    )
    assertFinite(
      findings.map((f) => [`${f.class}.score`, f.score] as const),
      code,
      tool.id,
    )
    const seen = this.#seen
    seen.findings.push(...completeFindings(this.#prepared.recipe, tool, findings))
    seen.measurements.push(...measurements)
    // Without a registration there is no part frame for corners to lie in.
    const lost = this.#stop?.reason === 'registration' && seen.registration === null
    seen.codes.push(...(lost ? codes.map((c) => ({ ...c, corners: [] })) : codes))
    for (const [name, value] of Object.entries(scores)) seen.scores[`${tool.id}.${name}`] = value
    if (untold > 0)
      this.#untold ??= new CodedError('INS_TOOL', {
        path: tool.id,
        expected: `at most ${findings.length} findings (maxFindings)`,
        actual: `${findings.length + untold}`,
        hint: 'look at the image; raise maxFindings or the threshold if a good part may have so many',
      })
    if (map) seen.maps.push(map)
    if (rawMap) this.rawMaps.push(rawMap)
    if (registration) seen.registration = registration
    this.timing.inferMs += inferMs ?? 0
  }

  #rules(): Verdict {
    const started = performance.now()
    const { findings, measurements, codes, scores, quality, registration } = this.#seen
    const facts = { findings, measurements, codes, scores, quality, registration, context: this.#context }
    let verdict: Verdict
    try {
      verdict = { ...this.#seen, noVerdict: null, ...this.#prepared.rules.evaluate(facts) }
    } catch (error) {
      verdict = this.#held({ reason: 'rule', ...toFact(asCoded(error, 'INS_RULE')) })
    }
    if (verdict.result === 'pass' && this.#untold && this.#prepared.rules.readsFindings)
      verdict = this.#held({ reason: 'tool', ...toFact(this.#untold) })
    this.timing.ruleMs = performance.now() - started
    return verdict
  }

  #held(stop: NoVerdict): Verdict {
    return noVerdict({ id: this.#prepared.id, sha256: this.#prepared.sha256 }, stop, this.#seen)
  }

  #fail(reason: NoVerdictReason, error: CodedError): void {
    this.#stop ??= { reason, ...toFact(error) }
  }
}
