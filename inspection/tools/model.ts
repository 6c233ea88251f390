import { CodedError, isRegistered, modelPin } from '../../contracts/index.ts'
import { invertGrey } from '../kernels/index.ts'
import { checkRegions, checkThresholds, type ModelOutput, type Pixels } from '../../models/index.ts'
import { encodeMap } from '../pipeline/score-map.ts'
import { paint, roiOf, toolArea } from '../pipeline/roi.ts'
import { assertFinite } from './finite.ts'
import type { PreparedTool, Tool, ToolInput } from './tool.ts'

/**
 * An ONNX model package. Excluded regions show the model the template's own pixels (pair models), so that nothing can
 * be found there; of other findings only those are dropped whose box lies wholly in what is excluded or outside the ROI.
 * Findings come with the highest raw score first.
 */
export const model: Tool<'model@1'> = {
  use: 'model@1',
  async prepare(spec, { recipe, openModel }): Promise<PreparedTool> {
    const runner = await openModel(modelPin(spec))
    checkThresholds(runner.card, spec, `tools.${spec.id}`)
    checkRegions(runner.card, spec, `tools.${spec.id}`, isRegistered(recipe))
    const area = toolArea(recipe, spec.roi, spec.exclude)
    const { widthPx, heightPx } = recipe.view
    const banned = spec.exclude.length > 0 ? new Uint8Array(widthPx * heightPx) : null
    if (banned) for (const name of spec.exclude) paint(roiOf(recipe, name), widthPx, heightPx, 1, banned)
    const pair = runner.card.inputs.some((input) => input.role === 'template')
    if (pair && !recipe.golden)
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `tools.${spec.id}`,
        expected: `a golden template: ${spec.model} compares with one`,
        actual: 'none',
      })
    const options = {
      threshold: spec.threshold,
      thresholds: spec.thresholds,
      // What is dropped afterwards must not take the room of what is reported.
      maxFindings: Infinity,
    }
    return {
      id: spec.id,
      use: spec.use,
      model: runner,
      async run({ image, golden }) {
        const shown = inputOf(image.pixels, pair ? golden : null, banned)
        const output = await runner.run(spec.invert ? inverted(shown) : shown, options)
        assertFinite(numbersOf(output), 'MDL_OUTPUT', spec.id)
        const findings = output.findings
          .filter((f) => area.allows(f.box))
          .map(({ class: name, score, box, areaPx }) => ({ class: name, score, box, areaPx }))
        return {
          findings: findings.toSorted((a, b) => b.score - a.score).slice(0, spec.maxFindings),
          untold: Math.max(0, findings.length - spec.maxFindings),
          scores: output.scores,
          inferMs: output.inferMs,
          ...(output.map
            ? {
                map: encodeMap(spec.id, output.map),
                rawMap: { tool: spec.id, ...cellsOf(output.map, runner.card.labels) },
              }
            : {}),
        }
      },
    }
  },
}

const cellsOf = (
  { widthPx, heightPx, values, classes }: NonNullable<ModelOutput['map']>,
  labels: readonly string[],
) => ({
  widthPx,
  heightPx,
  values,
  ...(classes ? { classes: { labels, index: classes } } : {}),
})

interface ModelInput {
  image: Pixels
  template?: Pixels
}

/** The other polarity of both images. */
function inverted({ image, template }: ModelInput): ModelInput {
  const turn = (p: Pixels): Pixels => {
    const data = new Uint8Array(p.data.length)
    invertGrey(p.data, data)
    return { ...p, data }
  }
  return { image: turn(image), ...(template ? { template: turn(template) } : {}) }
}

function inputOf(pixels: Pixels, golden: ToolInput['golden'], banned: Uint8Array | null): ModelInput {
  if (!golden) return { image: pixels }
  const template = golden.pixels
  if (!banned) return { image: pixels, template }
  const data = Uint8Array.from(pixels.data)
  for (let i = 0; i < banned.length; i++) {
    if (banned[i] === 0) continue
    for (let k = i * pixels.channels, end = k + pixels.channels; k < end; k++) data[k] = template.data[k] ?? 0
  }
  return { image: { ...pixels, data }, template }
}

function* numbersOf(output: ModelOutput): Iterable<readonly [string, number]> {
  for (const f of output.findings) {
    yield [`${f.class}.score`, f.score]
    yield [`${f.class}.areaPx`, f.areaPx]
    for (const edge of f.box) yield [`${f.class}.box`, edge]
  }
  yield* Object.entries(output.scores)
}
