import { onnxNode, valueInfo } from './graph.ts'
import { AS_FLOAT, outputNames } from './outputs.ts'
import { bytesField, concatFields, messageField, readFields, replaceField, textOf } from './wire.ts'

/** onnx.proto3 */
const MODEL = { graph: 7 } as const
const GRAPH = { node: 1, output: 12 } as const

export const PROBABILITY = 'sightline_probability'

/**
 * The model with the sigmoid of an output, a float one, in place of that and before the others; as it is without it.
 *
 * @param named the first by default
 */
export function withSigmoid(model: Uint8Array, named?: string): Uint8Array {
  const output = outputNames(model).find((n) => named === undefined || n === named || n === named + AS_FLOAT)
  if (output === undefined) return model
  return replaceField(model, MODEL.graph, (graph) => {
    const kept = [...readFields(graph)].filter(
      (f) => f.number !== GRAPH.output || f.bytes === null || textOf(f.bytes, 1) !== output,
    )
    const bytes = (outputs: boolean): Uint8Array[] =>
      kept.filter((f) => (f.number === GRAPH.output) === outputs).map((f) => graph.subarray(f.start, f.end))
    return concatFields([
      ...bytes(false),
      bytesField(GRAPH.node, onnxNode('Sigmoid', [output], [PROBABILITY])),
      messageField(GRAPH.output, valueInfo({ name: PROBABILITY, type: 'float32', shape: null })),
      ...bytes(true),
    ])
  })
}
