import { CodedError } from '../../contracts/index.ts'
import { adapterFor } from '../adapters/registry.ts'
import { createForward } from '../forward.ts'
import type { Forward } from '../forward.ts'
import { metadataOf } from '../onnx/metadata.ts'
import { AS_FLOAT, outputNames, withFloatOutputs, withInnerOutputs } from '../onnx/outputs.ts'
import { screenOnnx } from '../onnx/screen.ts'
import { withSigmoid } from '../onnx/sigmoid.ts'
import { opsetOf, withUint8Input } from '../onnx/uint8-input.ts'
import { unclampedOutput } from '../onnx/unclamped.ts'
import { bytesOf, readFields, textOf } from '../onnx/wire.ts'
import { refuseOneClass } from '../package/read-card.ts'
import { createRunner } from '../runner.ts'
import type { ModelRunner } from '../runner.ts'
import { openSession } from '../runtime/ort-session.ts'
import { refuseContradictions } from './export-metadata.ts'
import { foreignModel, IMAGE, isOneMap } from './foreign-card.ts'
import type { ImportArguments } from './arguments.schema.ts'
import type { ForeignRequest } from './foreign-card.ts'
import { readOnnx } from '../onnx/read-onnx.ts'

export interface OpenForeign {
  /** Bytes of the model as it is packed: uint8 input, float32 outputs, unclamped scores. */
  model: Uint8Array
  runner: ModelRunner
  /** Takes the library's own pixels: neither scaled nor cut again. */
  givenForward: Forward
}

/** What anomalib clamps. */
const CLAMPED = ['anomaly_map', 'pred_score']

const CPU = { providers: ['cpu'], intraOpThreads: 1 }

/**
 * Opens an export of another library as a package of this project would hold it.
 *
 * @throws what `readOnnx`, `refuseOwn`, `refuseContradictions`, `withUint8Input`, `foreignModel`, `refuseOneClass` and `createForward` throw; MDL_LOAD
 */
export async function openForeign(onnxFile: string, request: ForeignRequest): Promise<OpenForeign> {
  const original = await readOnnx(onnxFile)
  screenOnnx(original)
  refuseOwn(original, onnxFile)
  refuseContradictions(metadataOf(original), request.arguments)
  const floats = withProbabilities(withFloatOutputs(original), request.arguments)
  const clamped =
    request.arguments.family !== 'anomalib'
      ? []
      : outputNames(floats).flatMap((output) => {
          const inner = CLAMPED.includes(output.replace(AS_FLOAT, ''))
            ? unclampedOutput(floats, output)
            : null
          return inner === null ? [] : [{ output, inner }]
        })
  const complete = withInnerOutputs(floats, new Map(clamped.map(({ output, inner }) => [inner, output])))
  const unclamped = new Map(clamped.map(({ output, inner }) => [output, inner + AS_FLOAT]))
  const bare = await openSession(complete, CPU)
  const graph = { inputs: bare.inputs, outputs: bare.outputs, opset: opsetOf(complete), unclamped }
  await bare.close()
  const { card, uint8 } = foreignModel(request, graph)
  refuseOneClass(card)
  const model = withUint8Input(complete, uint8)
  const session = await openSession(model, CPU)
  try {
    const { runner } = createRunner(card, '', session)
    const asGiven = { ...card, inputs: card.inputs.map((i) => ({ ...i, fit: 'none' as const })) }
    return { model, runner, givenForward: createForward(asGiven, session, adapterFor(card.spec)) }
  } catch (error) {
    await session.close()
    throw error
  }
}

/** onnx.proto3 */
const MODEL = { graph: 7 } as const
const GRAPH = { input: 11 } as const

/** @throws MDL_PACKAGE for the model of a package, which was given its input here */
function refuseOwn(model: Uint8Array, file: string): void {
  for (const { number, bytes } of readFields(bytesOf(model, MODEL.graph)))
    if (number === GRAPH.input && bytes !== null && textOf(bytes, 1) === IMAGE)
      throw new CodedError('MDL_PACKAGE', {
        file,
        expected: 'a model as its library exports it',
        actual: `that of a package, whose input is ${IMAGE} already`,
        hint: 'a package is used as it is: copy its whole folder to the other models',
      })
}

/** A binary segmentation leaves its sigmoid to what comes behind the graph; a recipe's threshold is a probability. */
const withProbabilities = (model: Uint8Array, args: ImportArguments): Uint8Array =>
  isOneMap(args) && (args.activation ?? 'sigmoid') === 'sigmoid' ? withSigmoid(model, args.output) : model
