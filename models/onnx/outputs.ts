import { screenOnnx } from './screen.ts'
import { onnxNode } from './graph.ts'
import {
  bytesField,
  bytesOf,
  concatFields,
  intField,
  intOf,
  readFields,
  replaceField,
  textField,
  textOf,
} from './wire.ts'
import type { Field } from './wire.ts'

/** onnx.proto3 */
const MODEL = { graph: 7 } as const
const GRAPH = { node: 1, output: 12 } as const
const TYPE = { tensor: 1, element: 1 } as const
/** TensorProto.DataType */
const FLOAT = 1
/** float16, float64, bfloat16 */
const OTHER_FLOATS = [10, 11, 16]

/** Added to the names of outputs that were of other floats. */
export const AS_FLOAT = '_float32'

/**
 * Gives outputs of float16 (as exports made on a GPU have them), bfloat16 and float64 as float32 under the name with
 * `AS_FLOAT`. A model without such outputs is returned as it is.
 */
export function withFloatOutputs(model: Uint8Array): Uint8Array {
  screenOnnx(model)
  const graph = bytesOf(model, MODEL.graph)
  const others = [...outputsOf(graph)].filter(({ type }) => OTHER_FLOATS.includes(type))
  if (others.length === 0) return model
  const names = new Set(others.map((o) => o.name))
  return replaceField(model, MODEL.graph, (bytes) =>
    concatFields([
      replaceField(bytes, GRAPH.output, (value) =>
        names.has(textOf(value, 1)) ? renamed(value, textOf(value, 1) + AS_FLOAT) : concatFields([value]),
      ),
      ...others.map(({ name }) =>
        bytesField(GRAPH.node, onnxNode('Cast', [name], [name + AS_FLOAT], { to: { int: FLOAT } })),
      ),
    ]),
  )
}

/**
 * Makes inner values of the graph outputs as well, as float32 under their name with `AS_FLOAT`.
 *
 * @param inner name of each value → name of an output of its shape
 */
export function withInnerOutputs(model: Uint8Array, inner: ReadonlyMap<string, string>): Uint8Array {
  const outputs = [...outputsOf(bytesOf(model, MODEL.graph))]
  const added = [...inner].flatMap(([name, like]) => {
    const output = outputs.find((o) => o.name === like)
    if (output === undefined) return []
    const float = name + AS_FLOAT
    return [
      bytesField(GRAPH.node, onnxNode('Cast', [name], [float], { to: { int: FLOAT } })),
      bytesField(GRAPH.output, renamed(output.value, float)),
    ]
  })
  if (added.length === 0) return model
  return replaceField(model, MODEL.graph, (bytes) => concatFields([bytes, ...added]))
}

/** Names of the outputs of a model. */
export const outputNames = (model: Uint8Array): string[] =>
  [...outputsOf(bytesOf(model, MODEL.graph))].map((o) => o.name)

function* outputsOf(graph: Uint8Array): Generator<{ name: string; type: number; value: Uint8Array }> {
  for (const field of readFields(graph)) {
    if (field.number !== GRAPH.output || field.bytes === null) continue
    const type = intOf(bytesOf(bytesOf(field.bytes, 2), TYPE.tensor), TYPE.element)
    yield { name: textOf(field.bytes, 1), type, value: field.bytes }
  }
}

/** A float32 ValueInfoProto of the same shape. */
function renamed(value: Uint8Array, name: string): Field {
  const parts: Uint8Array[] = [textField(1, name)]
  for (const field of readFields(value)) {
    if (field.number === 1) continue
    if (field.number !== 2 || field.bytes === null) {
      parts.push(value.subarray(field.start, field.end))
      continue
    }
    const type = replaceField(field.bytes, TYPE.tensor, (tensor) => {
      const rest: Uint8Array[] = [intField(TYPE.element, FLOAT)]
      for (const f of readFields(tensor))
        if (f.number !== TYPE.element) rest.push(tensor.subarray(f.start, f.end))
      return concatFields(rest)
    })
    parts.push(bytesField(2, type))
  }
  return concatFields(parts)
}
