import type {
  Box,
  CodeRead,
  Measurement,
  ModelPin,
  RawMap,
  Recipe,
  Registration,
  ScoreMap,
  ToolSpec,
  ToolSpecOf,
} from '../../contracts/index.ts'
import type { ModelRunner } from '../../models/index.ts'
import type { GoldenTemplate, PartImage } from '../pipeline/part-image.ts'

/** What a tool saw, before it gets its id, regions and millimetres. */
export interface RawFinding {
  class: string
  score: number
  box: Box
  areaPx: number
}

/** Everything one tool returns; absent = none. */
export interface ToolResult {
  /** In the order in which they get their numbers. */
  findings?: RawFinding[]
  /** Findings there were beyond `maxFindings`: no rule looks at them, so the part is not passed. */
  untold?: number
  measurements?: Measurement[]
  codes?: CodeRead[]
  /** Numbers of the whole image, by name without the tool's id. */
  scores?: Record<string, number>
  map?: ScoreMap
  /** What `map` was made of. */
  rawMap?: RawMap
  /** Where the part lies; the tools after this one see the image in the part frame. */
  registration?: Registration
  /** Time inside the model alone, ms. */
  inferMs?: number
}

export interface ToolInput {
  /** In the part frame when the recipe registers; read only. */
  image: PartImage
  /** Same size as the image; null when the recipe has none. */
  golden: GoldenTemplate | null
}

/** A tool of one recipe, ready to run. Not re-entrant across threads, each worker prepares its own. */
export interface PreparedTool {
  readonly id: string
  readonly use: ToolSpec['use']
  readonly model?: ModelRunner
  /** Models it uses beside `model`. */
  readonly further?: readonly ModelRunner[]
  /** @throws CodedError when it cannot judge; a defect is a finding, not an error */
  run(input: ToolInput): ToolResult | Promise<ToolResult>
}

/** What a tool may ask for while it is prepared. */
export interface ToolSetup {
  recipe: Recipe
  /** Null when the template travels with the frames, or there is none. */
  golden: GoldenTemplate | null
  openModel(pin: ModelPin): Promise<ModelRunner>
}

/** One version of one tool: a file in this folder and a line in `registry.ts`. */
export interface Tool<U extends ToolSpec['use']> {
  readonly use: U
  /** @throws CodedError when the recipe asks for something impossible */
  prepare(spec: ToolSpecOf<U>, setup: ToolSetup): PreparedTool | Promise<PreparedTool>
}
