import { CodedError } from '../../contracts/index.ts'
import { valueInfo } from './graph.ts'
import type { OnnxValueInfo } from './graph.ts'
import { screenOnnx } from './screen.ts'
import { opsetOf } from './uint8-input.ts'
import { bytesField, concatFields, messageField, readFields } from './wire.ts'
import type { Field } from './wire.ts'

/** onnx.proto3: GraphProto and ModelProto fields used here. */
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const
const MODEL = { graph: 7 } as const

/**
 * Operator sets whose `ReduceMin` and `ReduceMean` take their axes as an attribute and whose `ReduceSum` takes them
 * as an input; outside, the nodes this project adds would mean something else.
 */
const OPSETS = { min: 13, max: 17 } as const

export interface GraphExtension {
  /** In topological order, after the nodes of the model. */
  nodes: readonly Field[]
  initializers: readonly Field[]
  /** The inputs of the new model in place of the old ones: same names and types, shapes may be narrower. */
  inputs: readonly OnnxValueInfo[]
  /** The outputs of the new model in place of the old ones. */
  outputs: readonly OnnxValueInfo[]
}

/**
 * Appends nodes to an ONNX model and gives it other outputs. Everything else is kept byte for byte.
 *
 * @throws MDL_LOAD when `model` is no ONNX model; MDL_PACKAGE when its operator set is outside 13..17
 */
export function extendModel(model: Uint8Array, extension: GraphExtension): Field {
  screenOnnx(model)
  checkOpset(model)
  const parts: Uint8Array[] = []
  for (const field of readFields(model))
    parts.push(
      field.number === MODEL.graph && field.bytes !== null
        ? bytesField(MODEL.graph, extendGraph(field.bytes, extension))
        : model.subarray(field.start, field.end),
    )
  return concatFields(parts)
}

function extendGraph(graph: Uint8Array, { nodes, initializers, inputs, outputs }: GraphExtension): Field {
  const kept: Uint8Array[] = []
  for (const field of readFields(graph))
    if (field.number !== GRAPH.input && field.number !== GRAPH.output)
      kept.push(graph.subarray(field.start, field.end))
  return concatFields([
    ...kept,
    ...nodes.map((n) => bytesField(GRAPH.node, n)),
    ...initializers.map((t) => bytesField(GRAPH.initializer, t)),
    ...inputs.map((v) => messageField(GRAPH.input, valueInfo(v))),
    ...outputs.map((v) => messageField(GRAPH.output, valueInfo(v))),
  ])
}

export function checkOpset(model: Uint8Array): void {
  const version = opsetOf(model)
  if (version >= OPSETS.min && version <= OPSETS.max) return
  throw new CodedError('MDL_PACKAGE', {
    path: 'model.onnx',
    expected: `operator set ${OPSETS.min} to ${OPSETS.max}`,
    actual: `operator set ${version}`,
    hint: 'export the model with opset 17',
  })
}
