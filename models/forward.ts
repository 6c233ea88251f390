import { CodedError, monoMs } from '../contracts/index.ts'
import type { ModelCard, ModelInput } from '../contracts/index.ts'
import type { Adapter } from './adapters/adapter.ts'
import { createImageInput } from './input/image-input.ts'
import type { Geometry } from './input/geometry.ts'
import { firstNonFinite } from './kernels/finite.kernel.ts'
import { sizeText } from './pixels.ts'
import type { Pixels } from './pixels.ts'
import type { InputTensor, OrtSession, RawOutputs, ValueFact } from './runtime/ort-session.ts'

export interface ModelImages {
  image: Pixels
  /** Needed when the card has an input of role `template`; ignored otherwise. Same size as `image`. */
  template?: Pixels
}

export interface ForwardResult {
  raw: RawOutputs
  geometry: Geometry
  /** Time inside `session.run`. */
  inferMs: number
}

/** The inputs of a graph for some images: buffers of the preparers, valid until the next call. */
export type PrepareInputs = (images: ModelImages) => {
  feeds: Record<string, InputTensor>
  geometry: Geometry
}

/** @throws MDL_PACKAGE for a card without an image; the function it returns throws MDL_INPUT */
export function createPrepareInputs(card: ModelCard): PrepareInputs {
  const preparers = card.inputs.map((input) => ({ input, preparer: createImageInput(input) }))
  return (images) => {
    const feeds: Record<string, InputTensor> = {}
    let geometry: Geometry | null = null
    for (const { input, preparer } of preparers) {
      const prepared = preparer.prepare(pixelsFor(input, images))
      feeds[input.name] = prepared.tensor
      if (input.role === 'image') geometry = prepared.geometry
    }
    if (geometry === null) throw new CodedError('MDL_PACKAGE', { path: 'inputs', expected: 'role image' })
    return { feeds, geometry }
  }
}

/** Images → raw outputs, checked to be finite. Calls queue: the input buffers belong to one run at a time. */
export type Forward = (images: ModelImages) => Promise<ForwardResult>

/**
 * @throws MDL_PACKAGE at once when the graph has other inputs or outputs than the card says. The function it
 *         returns throws MDL_INPUT, MDL_RUN, MDL_OUTPUT.
 */
export function createForward(card: ModelCard, session: OrtSession, adapter: Adapter): Forward {
  checkGraph(card, session, adapter)
  const wanted = Object.keys(adapter.outputs)
  const prepare = createPrepareInputs(card)
  let last: Promise<unknown> = Promise.resolve()

  async function run(images: ModelImages): Promise<ForwardResult> {
    const { feeds, geometry } = prepare(images)
    const start = monoMs()
    const raw = await session.run(feeds, wanted)
    const inferMs = monoMs() - start
    checkFinite(raw)
    return { raw, geometry, inferMs }
  }

  return (images) => {
    const turn = last.then(() => run(images))
    last = turn.catch(() => undefined)
    return turn
  }
}

function pixelsFor(input: ModelInput, { image, template }: ModelImages): Pixels {
  if (input.role === 'image') return image
  if (template === undefined)
    throw new CodedError('MDL_INPUT', {
      path: input.name,
      expected: 'a golden template',
      actual: 'none',
      hint: 'the model compares two images: give the recipe a golden template',
    })
  if (template.widthPx !== image.widthPx || template.heightPx !== image.heightPx)
    throw new CodedError('MDL_INPUT', {
      path: input.name,
      expected: `a template of ${sizeText(image)}, like the image`,
      actual: sizeText(template),
    })
  return template
}

function checkFinite(raw: RawOutputs): void {
  for (const [name, { data }] of Object.entries(raw)) {
    if (!(data instanceof Float32Array)) continue
    const at = firstNonFinite(data)
    if (at >= 0)
      throw new CodedError('MDL_OUTPUT', {
        path: name,
        expected: 'finite numbers',
        actual: `${data[at]} at index ${at} of ${data.length}`,
      })
  }
}

function checkGraph(card: ModelCard, session: OrtSession, adapter: Adapter): void {
  for (const [n, input] of card.inputs.entries()) {
    const fact = session.inputs.find((i) => i.name === input.name)
    if (fact === undefined) throw misfit(`inputs[${n}].name`, input.name, names(session.inputs))
    if (fact.type !== 'uint8') throw misfit(`inputs[${n}].dtype`, fact.type, 'uint8')
    const declared = [1, input.heightPx, input.widthPx, input.channels]
    const fits =
      fact.shape.length === 0 ||
      (fact.shape.length === 4 &&
        // a free dimension of the graph takes any size; a fixed one must be the card's
        fact.shape.every((d, i) => typeof d !== 'number' || d === declared[i]))
    if (!fits)
      throw misfit(
        `inputs[${n}]`,
        `[${fact.shape.join(', ')}]`,
        `[${declared.map((d) => d ?? 'any').join(', ')}]`,
      )
  }
  const undeclared = session.inputs.find((i) => !card.inputs.some((c) => c.name === i.name))
  if (undeclared !== undefined) throw misfit('inputs', `${undeclared.name} in the graph`, 'no such input')
  for (const [name, type] of Object.entries(adapter.outputs)) {
    const fact = session.outputs.find((o) => o.name === name)
    if (fact === undefined) throw misfit('spec', names(session.outputs), `an output ${name}`)
    if (fact.type !== type) throw misfit(`spec, output ${name}`, fact.type, type)
  }
}

const names = (facts: readonly ValueFact[]): string => `[${facts.map((f) => f.name).join(', ')}]`

/** `graph` is what the model has, `card` what the card says. */
const misfit = (path: string, graph: string, card: string): CodedError =>
  new CodedError('MDL_PACKAGE', {
    path,
    expected: `a card that describes the graph: ${graph}`,
    actual: card,
    hint: 'correct card.json',
  })
