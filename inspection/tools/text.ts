import { type CodeRead, CodedError, type ToolSpecOf } from '../../contracts/index.ts'
import type { ModelRunner, Pixels, TextRectangle } from '../../models/index.ts'
import { cropRotated } from '../kernels/index.ts'
import type { PartImage } from '../pipeline/part-image.ts'
import { toolArea } from '../pipeline/roi.ts'
import { dateCodeDay } from './date-code.ts'
import type { PreparedTool, Tool } from './tool.ts'

type Spec = ToolSpecOf<'text@1'>

/** A line of text that was found; `place` in px of the part frame. */
interface Line {
  /** Without spaces: whether a gap is one depends on the font. */
  text: string
  weakest: number
  place: TextRectangle
}

/**
 * Printed text: places of text in the ROI, each read as one line, each expectation matched against the lines. It
 * gives one CodeRead per expectation with the symbology `text:<name>`; not found, found twice, read doubtfully or
 * no date that exists is a failed read that says so. Text is read from left to right up to 45 degrees off; what is
 * taller than 1.5 times its width is read downwards.
 *
 * `scores`: `lines`, and for what was found `<name>.confidence` (least probability of its characters) and for dates
 * `<name>.day` (days since 1970-01-01).
 */
export const text: Tool<'text@1'> = {
  use: 'text@1',
  async prepare(spec, { recipe, openModel }): Promise<PreparedTool> {
    const detector = await openModel(spec.detector.model, spec.detector.sha256)
    needs(detector, 'text-detection', `tools.${spec.id}.detector`)
    const recogniser = await openModel(spec.recogniser.model, spec.recogniser.sha256)
    needs(recogniser, 'text-recognition', `tools.${spec.id}.recogniser`)
    const area = toolArea(recipe, spec.roi, [])
    const patterns = spec.expect.map((e, i) => compile(e.pattern, `tools.${spec.id}.expect[${i}].pattern`))
    const alphabet = alphabetOf(spec, recogniser)
    return {
      id: spec.id,
      use: spec.use,
      model: detector,
      further: [recogniser],
      async run({ image }) {
        const [x, y] = area.box
        const found = await detector.run(
          { image: cut(image.pixels, area.box) },
          { threshold: spec.minTextScore, thresholds: {}, maxFindings: spec.maxLines },
        )
        let inferMs = found.inferMs
        const lines: Line[] = []
        for (const { rectangle } of found.findings) {
          if (!rectangle) continue
          const place = { ...rectangle, cx: rectangle.cx + x, cy: rectangle.cy + y }
          if (!area.allows([place.cx, place.cy, place.cx, place.cy])) continue
          const read = await recogniser.run({ image: lineImage(image, place) }, alphabet)
          inferMs += read.inferMs
          const { text: raw = '', weakest = 0 } = read.text ?? {}
          const characters = raw.replaceAll(/\s/g, '')
          if (characters !== '') lines.push({ text: characters, weakest, place })
        }
        const scores: Record<string, number> = { lines: lines.length }
        const codes = spec.expect.map((_, i) => judge(spec, i, patterns[i] ?? /$^/, lines, scores))
        return { codes, scores, inferMs }
      },
    }
  },
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

function compile(pattern: string, path: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch (cause) {
    throw new CodedError('CFG_INVALID', { path, expected: 'a regular expression', actual: pattern, cause })
  }
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
    const match = pattern.exec(line.text)
    return match ? [{ line, value: match[1] ?? match[0] }] : []
  })
  const [first] = matches
  if (!first)
    return failed(`no line has the form ${form}; read: ${lines.map((l) => l.text).join(' | ') || 'nothing'}`)
  const { line, value } = first
  if (matches.some((m) => m.value !== value))
    return failed(`several lines have the form: ${matches.map((m) => m.value).join(' | ')}`)
  scores[`${name}.confidence`] = line.weakest
  if (date !== undefined) {
    const day = dateCodeDay(value, date)
    if (day === null) return failed(`${value} is no date of the form ${date}`, line.place)
    scores[`${name}.day`] = day
  }
  if (line.weakest < spec.minConfidence)
    return failed(`${value}: a character is only ${line.weakest.toFixed(2)} certain`, line.place)
  return { ...base, ok: true, text: value, corners: cornersOf(line.place) }
}

/** A part of an image, copied. */
function cut(pixels: Pixels, [x1, y1, x2, y2]: readonly [number, number, number, number]): Pixels {
  const { channels } = pixels
  const rowBytes = (x2 - x1) * channels
  const data = new Uint8Array(rowBytes * (y2 - y1))
  for (let y = y1; y < y2; y++) {
    const from = (y * pixels.widthPx + x1) * channels
    data.set(pixels.data.subarray(from, from + rowBytes), (y - y1) * rowBytes)
  }
  return { data, widthPx: x2 - x1, heightPx: y2 - y1, channels }
}

/** The line upright, grey. */
function lineImage(image: PartImage, { cx, cy, widthPx, heightPx, angleRad }: TextRectangle): Pixels {
  // PaddleOCR get_rotate_crop_image: from this ratio on the text runs downwards
  const downwards = heightPx >= 1.5 * widthPx
  const w = Math.max(1, Math.round(downwards ? heightPx : widthPx))
  const h = Math.max(1, Math.round(downwards ? widthPx : heightPx))
  const angle = downwards ? angleRad + Math.PI / 2 : angleRad
  const data = new Uint8Array(w * h)
  cropRotated(image.grey, image.widthPx, image.heightPx, cx - 0.5, cy - 0.5, angle, w, h, data)
  return { data, widthPx: w, heightPx: h, channels: 1 }
}

/** Clockwise from the top left. */
function cornersOf({ cx, cy, widthPx, heightPx, angleRad }: TextRectangle): CodeRead['corners'] {
  const cos = Math.cos(angleRad)
  const sin = Math.sin(angleRad)
  const at = (u: number, v: number): [number, number] => [
    cx + (u * widthPx * cos - v * heightPx * sin) / 2,
    cy + (u * widthPx * sin + v * heightPx * cos) / 2,
  ]
  return [at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)]
}
