import { readGraph } from './read-graph.ts'
import { readFields } from './wire.ts'

/** onnx.proto3 */
const TENSOR = { raw: 9, int32: 5, type: 2 } as const
const BOOL = 9

/**
 * The value that a model clamps to make its output: anomalib normalises scores to 0..1 as the last step
 * (`PostProcessor._normalize`: minus the threshold, divided by the range, plus 0.5, clamp), and what is far beyond the
 * training range all reads 1. The value before the clamp has the same threshold and keeps its order.
 *
 * Follows copies, casts, and `Where` with a constant condition, back from the output to the first `Clip`, or pair of `Min` and
 * `Max`.
 *
 * @returns name of the value; null when the output is not clamped
 */
export function unclampedOutput(model: Uint8Array, output: string): string | null {
  const graph = readGraph(model)
  const nodes = new Map(graph.nodes.flatMap((n) => n.outputs.map((name) => [name, n] as const)))
  const flagAt = (name: string): boolean | null => {
    const tensor = graph.constants.get(name)
    return tensor === undefined ? null : flagOf(tensor)
  }
  let at = output
  let clamped = false
  // every step goes one node up; a graph has no cycles
  for (;;) {
    const node = nodes.get(at)
    const [first = ''] = node?.inputs ?? []
    if (node?.op === 'Identity' || node?.op === 'Cast') at = first
    else if (node?.op === 'Where' && flagAt(first) !== null) at = node.inputs[flagAt(first) ? 1 : 2] ?? ''
    else if (node?.op === 'Clip' || node?.op === 'Min' || node?.op === 'Max') {
      const computed = node.inputs.filter((i) => nodes.has(i) && nodes.get(i)?.op !== 'Constant')
      const [only] = computed
      if (only === undefined || (node.op !== 'Clip' && computed.length !== 1)) break
      at = only
      clamped = true
    } else break
  }
  return clamped ? at : null
}

/** Value of a boolean tensor of one element; null for any other. */
function flagOf(tensor: Uint8Array): boolean | null {
  let type = 0
  const values: number[] = []
  for (const field of readFields(tensor)) {
    if (field.number === TENSOR.type) type = field.int ?? 0
    if (field.number === TENSOR.raw && field.bytes) values.push(...field.bytes.subarray(0, 2))
    if (field.number === TENSOR.int32) values.push(...(field.bytes ?? [field.int ?? 0]).slice(0, 2))
  }
  return type === BOOL && values.length === 1 ? values[0] !== 0 : null
}
