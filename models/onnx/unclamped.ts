import { bytesOf, readFields, textOf } from './wire.ts'

/** onnx.proto3 */
const GRAPH = { node: 1, initializer: 5 } as const
const NODE = { input: 1, output: 2, op: 4, attribute: 5 } as const
const TENSOR = { name: 8, raw: 9, int32: 5, type: 2 } as const
const ATTRIBUTE = { name: 1, tensor: 5 } as const
const BOOL = 9

interface Node {
  op: string
  inputs: string[]
}

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
  const { nodes, flags } = readGraph(bytesOf(model, 7))
  let at = output
  let clamped = false
  // every step goes one node up; a graph has no cycles
  for (;;) {
    const node = nodes.get(at)
    const [first = ''] = node?.inputs ?? []
    if (node?.op === 'Identity' || node?.op === 'Cast') at = first
    else if (node?.op === 'Where' && flags.has(first)) at = node.inputs[flags.get(first) ? 1 : 2] ?? ''
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

/** Nodes by the name of their outputs; scalar boolean constants by name. */
function readGraph(graph: Uint8Array): { nodes: Map<string, Node>; flags: Map<string, boolean> } {
  const nodes = new Map<string, Node>()
  const flags = new Map<string, boolean>()
  const note = (name: string, tensor: Uint8Array): void => {
    const value = flagOf(tensor)
    if (value !== null) flags.set(name, value)
  }
  for (const field of readFields(graph)) {
    if (field.bytes === null) continue
    if (field.number === GRAPH.initializer) note(textOf(field.bytes, TENSOR.name), field.bytes)
    if (field.number !== GRAPH.node) continue
    const texts = (number: number): string[] =>
      [...readFields(field.bytes ?? new Uint8Array())].flatMap((f) =>
        f.number === number && f.bytes ? [Buffer.from(f.bytes).toString('utf8')] : [],
      )
    const node = { op: textOf(field.bytes, NODE.op), inputs: texts(NODE.input) }
    for (const output of texts(NODE.output)) {
      nodes.set(output, node)
      if (node.op !== 'Constant') continue
      const attribute = bytesOf(field.bytes, NODE.attribute)
      if (textOf(attribute, ATTRIBUTE.name) === 'value') note(output, bytesOf(attribute, ATTRIBUTE.tensor))
    }
  }
  return { nodes, flags }
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
