import { type CodeRead, CodedError, modelPin, type ToolSpecOf } from '../../contracts/index.ts'
import type { ModelRunner, TextRectangle } from '../../models/index.ts'
import type { PartImage } from '../pipeline/part-image.ts'
import { type ToolArea, toolArea } from '../pipeline/roi.ts'
import { dateCodeDay } from './date-code.ts'
import { around, endsInside, leaves, type Print } from './text-border.ts'
import { cornersOf, cut, lineImage, smoothed, valueOf, withoutSpaces } from './text-lines.ts'
import type { Line, Reading } from './text-lines.ts'
import { textPattern } from './text-pattern.ts'
import type { PreparedTool, Tool } from './tool.ts'

type Spec = ToolSpecOf<'text@1'>

/** Deviations of the smoothing of dots, in distances of dots: from just touching to one stroke. */
const STRENGTHS = [0.45, 0.6, 0.75] as const

/**
 * Printed text: places of text in the ROI, each read as one line, each expectation matched against the lines. It
 * gives one CodeRead per expectation with the symbology `text:<name>`; not found, found twice, read doubtfully, going
 * on outside the ROI, or no date that exists is a failed read that says so. Text is read
 * from left to right up to 45 degrees off; what is taller than 1.5 times its width is read downwards.
 *
 * `scores`: `lines`, and for what was found `<name>.confidence` (least probability of the characters of the value) and
 * for dates `<name>.day` (days since 1970-01-01).
 */
export const text: Tool<'text@1'> = {
  use: 'text@1',
  async prepare(spec, { recipe, openModel }): Promise<PreparedTool> {
    const detector = await openModel(modelPin(spec.detector))
    needs(detector, 'text-detection', `tools.${spec.id}.detector`)
    const recogniser = await openModel(modelPin(spec.recogniser))
    needs(recogniser, 'text-recognition', `tools.${spec.id}.recogniser`)
    const area = toolArea(recipe, spec.roi, [])
    const patterns = spec.expect.map((e, i) =>
      textPattern(e.pattern, `tools.${spec.id}.expect[${i}].pattern`),
    )
    const alphabet = alphabetOf(spec, recogniser)
    return {
      id: spec.id,
      use: spec.use,
      model: detector,
      further: [recogniser],
      async run({ image }) {
        const look = new Look(spec, image, detector, recogniser, alphabet)
        const lines = await look.linesIn(area.box, area.allows)
        const print: Print = spec.dotPitchPx === undefined ? 'strokes' : 'dots'
        // only what would be taken for a line of that form is looked at once more
        const near = lines.filter(
          ({ place, readings }) =>
            leaves(place, area.box, print) &&
            patterns.some((p) => readings.some((r) => valueOf(p, r).length > 0)),
        )
        const within =
          near.length === 0
            ? area.box
            : around(
                area.box,
                near.map((l) => l.place),
                image,
              )
        const wider = near.length === 0 ? [] : await look.linesIn(within, () => true)
        const ends: Ends = (line, value, pattern) =>
          !near.includes(line) ||
          endsInside(line, { value, pattern }, wider, { box: area.box, within, print })
        const scores: Record<string, number> = { lines: lines.length }
        const codes = spec.expect.map((_, i) => judge(spec, i, patterns[i] ?? /$^/, lines, ends, scores))
        return { codes, scores, inferMs: look.inferMs }
      },
    }
  },
}

/** Whether the line is there as a whole. */
type Ends = (line: Line, value: string, pattern: RegExp) => boolean

/** Finds and reads lines in one image. */
class Look {
  inferMs = 0
  readonly #spec: Spec
  readonly #image: PartImage
  readonly #detector: ModelRunner
  readonly #recogniser: ModelRunner
  readonly #alphabet: ReturnType<typeof alphabetOf>

  constructor(
    spec: Spec,
    image: PartImage,
    detector: ModelRunner,
    recogniser: ModelRunner,
    alphabet: ReturnType<typeof alphabetOf>,
  ) {
    this.#spec = spec
    this.#image = image
    this.#detector = detector
    this.#recogniser = recogniser
    this.#alphabet = alphabet
  }

  async linesIn(box: ToolArea['box'], allows: ToolArea['allows']): Promise<Line[]> {
    const { grey, pixels, widthPx, heightPx } = this.#image
    const { dotPitchPx: pitch, minTextScore, maxLines } = this.#spec
    const whole =
      pitch === undefined
        ? cut(pixels, box)
        : smoothed(cut({ data: grey, widthPx, heightPx, channels: 1 }, box), STRENGTHS[1] * pitch)
    const found = await this.#detector.run(
      { image: whole },
      { threshold: minTextScore, thresholds: {}, maxFindings: maxLines },
    )
    this.inferMs += found.inferMs
    const lines: Line[] = []
    for (const { rectangle } of found.findings) {
      if (!rectangle) continue
      const place = { ...rectangle, cx: rectangle.cx + box[0], cy: rectangle.cy + box[1] }
      if (!allows([place.cx, place.cy, place.cx, place.cy])) continue
      const readings = await this.#read(place)
      if (readings.some((r) => r.text !== '')) lines.push({ readings, place })
    }
    return lines
  }

  async #read(place: TextRectangle): Promise<Reading[]> {
    const pitch = this.#spec.dotPitchPx
    const upright = lineImage(this.#image, place)
    const shown = pitch === undefined ? [upright] : STRENGTHS.map((s) => smoothed(upright, s * pitch))
    const readings: Reading[] = []
    for (const line of shown) {
      const read = await this.#recogniser.run({ image: line }, this.#alphabet)
      this.inferMs += read.inferMs
      if (read.text) readings.push(withoutSpaces(read.text))
    }
    return readings
  }
}

function needs(runner: ModelRunner, family: string, path: string): void {
  if (runner.card.spec.family === family) return
  throw new CodedError('CFG_INVALID', {
    path,
    expected: `a model of the family ${family}`,
    actual: `${runner.card.id}, ${runner.card.spec.family}`,
    hint: 'make the packages with `sightline models import-ocr`',
  })
}

/** Thresholds that leave only the characters of the alphabet. */
function alphabetOf(spec: Spec, recogniser: ModelRunner) {
  const all = { threshold: 0, thresholds: {}, maxFindings: 1 }
  if (spec.alphabet === undefined) return all
  const wanted = [...new Set(spec.alphabet)]
  const unknown = wanted.find((c) => !recogniser.card.labels.includes(c))
  if (unknown !== undefined)
    throw new CodedError('CFG_INVALID', {
      path: `tools.${spec.id}.alphabet`,
      expected: `characters that ${recogniser.card.id} can read`,
      actual: unknown,
    })
  return { threshold: 2, thresholds: Object.fromEntries(wanted.map((c) => [c, 0])), maxFindings: 1 }
}

function judge(
  spec: Spec,
  index: number,
  pattern: RegExp,
  lines: readonly Line[],
  ends: Ends,
  scores: Record<string, number>,
): CodeRead {
  const { name = '', date, pattern: form = '' } = spec.expect[index] ?? {}
  const base = { tool: spec.id, symbology: `text:${name}`, symbologyId: '' }
  const failed = (error: string, place?: TextRectangle): CodeRead => ({
    ...base,
    ok: false,
    text: '',
    corners: place ? cornersOf(place) : [],
    error,
  })
  const matches = lines.flatMap((line) => {
    const values = line.readings.flatMap((r) => valueOf(pattern, r))
    return values.length > 0 ? [{ line, values }] : []
  })
  const [first] = matches
  if (!first) {
    const read = lines.map((l) => l.readings.find((r) => r.text !== '')?.text ?? '')
    return failed(`no line has the form ${form}; read: ${read.join(' | ') || 'nothing'}`)
  }
  const { line, values } = first
  const [{ value = '' } = {}] = values
  const others = (list: typeof matches): string =>
    list.flatMap((m) => m.values.map((v) => v.value)).join(' | ')
  if (matches.some((m) => m.values.every((v) => v.value !== value)))
    return failed(`several lines have the form: ${others(matches)}`)
  if (matches.some((m) => m.values.some((v) => v.value !== value)))
    return failed(`read in several ways: ${others(matches)}`, line.place)
  // what is left of a cut line may have the form, too
  const cutOff = matches.find((m) => !ends(m.line, value, pattern))?.line.place
  if (cutOff)
    return failed(`${value}: the line reaches the border of the region and may go on outside it`, cutOff)
  // of several strengths the second best decides: one alone may have joined what does not belong together
  const certain = values.map((v) => v.weakest).sort((a, b) => b - a)
  const confidence = certain[line.readings.length > 1 ? 1 : 0] ?? 0
  scores[`${name}.confidence`] = confidence
  if (date !== undefined) {
    const day = dateCodeDay(value, date)
    if (day === null) return failed(`${value} is no date of the form ${date}`, line.place)
    scores[`${name}.day`] = day
  }
  if (confidence < spec.minConfidence)
    return failed(`${value}: a character is only ${confidence.toFixed(2)} certain`, line.place)
  return { ...base, ok: true, text: value, corners: cornersOf(line.place) }
}
