import { type OnnxAttribute, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import type { GraphPart } from '../teach/feature-nodes.ts'

/** Writes nodes one after the other; each call returns the name of what it gives. */
export interface GraphWriter extends GraphPart {
  op(
    type: string,
    inputs: readonly string[],
    name: string,
    attributes?: Record<string, OnnxAttribute>,
  ): string
  /** A node of several outputs. */
  several(
    type: string,
    inputs: readonly string[],
    names: readonly string[],
    attributes?: Record<string, OnnxAttribute>,
  ): string[]
  floats(name: string, shape: readonly number[], values: ArrayLike<number>): string
  /** int64, of one dimension; of none when a number is given. */
  whole(name: string, values: readonly number[] | number): string
}

/** @param prefix begins every name that is added */
export function graphWriter(prefix: string): GraphWriter {
  const nodes: Field[] = []
  const initializers: Field[] = []
  const constant = (name: string, shape: readonly number[], values: Float32Array | BigInt64Array): string => {
    initializers.push(onnxTensor(prefix + name, shape, values))
    return prefix + name
  }
  return {
    nodes,
    initializers,
    op(type, inputs, name, attributes = {}) {
      nodes.push(onnxNode(type, inputs, [prefix + name], attributes))
      return prefix + name
    },
    several(type, inputs, names, attributes = {}) {
      const outputs = names.map((name) => prefix + name)
      nodes.push(onnxNode(type, inputs, outputs, attributes))
      return outputs
    },
    floats: (name, shape, values) => constant(name, shape, Float32Array.from(values)),
    whole: (name, values) =>
      typeof values === 'number'
        ? constant(name, [], BigInt64Array.of(BigInt(values)))
        : constant(name, [values.length], BigInt64Array.from(values.map(BigInt))),
  }
}
