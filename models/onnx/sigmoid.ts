import { onnxNode, valueInfo } from './graph.ts'
import { outputNames } from './outputs.ts'
import { bytesField, concatFields, messageField, readFields, replaceField, textOf } from './wire.ts'

/** onnx.proto3 */
const MODEL = { graph: 7 } as const
const GRAPH = { node: 1, output: 12 } as const

const PROBABILITY = 'sightline_probability'

/** The model with the sigmoid of its first output, a float one, in place of that; the other outputs stay. */
export function withSigmoid(model: Uint8Array): Uint8Array {
  const [first] = outputNames(model)
  if (first === undefined) return model
  return replaceField(model, MODEL.graph, (graph) => {
    const kept = [...readFields(graph)].filter(
      (f) => f.number !== GRAPH.output || f.bytes === null || textOf(f.bytes, 1) !== first,
    )
    const bytes = (outputs: boolean): Uint8Array[] =>
      kept.filter((f) => (f.number === GRAPH.output) === outputs).map((f) => graph.subarray(f.start, f.end))
    return concatFields([
      ...bytes(false),
      bytesField(GRAPH.node, onnxNode('Sigmoid', [first], [PROBABILITY])),
      messageField(GRAPH.output, valueInfo({ name: PROBABILITY, type: 'float32', shape: null })),
      ...bytes(true),
    ])
  })
}
