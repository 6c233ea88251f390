import { CodedError } from '../../contracts/index.ts'
import { readFields } from './wire.ts'

/** TensorProto.DataLocation */
export const EXTERNAL = 1

/** Where tensors hide inside the messages of onnx.proto3: field number → kind of message in it. */
export const TENSORS_IN: Record<string, Record<number, string>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
}

/**
 * How deep messages may lie in each other, as in every protobuf library (protobuf.dev, `SetRecursionLimit`): each level
 * costs a few bytes of the file and a frame of the stack.
 */
const DEEPEST = 100

/** @throws MDL_LOAD at a level that no exporter writes */
export function checkDepth(depth: number): void {
  if (depth > DEEPEST)
    throw new CodedError('MDL_LOAD', {
      expected: `a model whose messages lie at most ${DEEPEST} deep in each other`,
      actual: 'a deeper one',
      hint: 'the file was made to break its reader; take it from where the model was exported',
    })
}

/** First bytes of files that are often renamed to `.onnx`. */
const FOREIGN: [name: string, magic: number[]][] = [
  ['a zip archive (a PyTorch checkpoint or a Keras file)', [0x50, 0x4b, 0x03, 0x04]],
  ['a Python pickle', [0x80, 0x02]],
  ['a Python pickle', [0x80, 0x03]],
  ['a Python pickle', [0x80, 0x04]],
  ['a Python pickle', [0x80, 0x05]],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46]],
  ['a gzip file', [0x1f, 0x8b]],
]

/** First line of what a clone without Git LFS has in place of a file (git-lfs.com, docs/spec.md). */
const LFS_POINTER = Buffer.from('version https://git-lfs')

/** @throws MDL_LOAD for what Git LFS leaves in place of a file that it did not fetch */
export function refuseLfsPointer(bytes: Uint8Array, detail: { file?: string; expected: string }): void {
  if (LFS_POINTER.every((byte, i) => bytes[i] === byte))
    throw new CodedError('MDL_LOAD', {
      ...detail,
      actual: 'a pointer of Git LFS to it',
      hint: 'fetch the file itself with `git lfs pull` where it was cloned',
    })
}

/**
 * Refuses what must not reach the native loader: files that are no ONNX model, and models that keep weights
 * outside the file, where no hash of the package covers them.
 *
 * @throws MDL_LOAD for anything that is not a whole ModelProto with a graph, or lies too deep; MDL_PACKAGE for external data
 */
export function screenOnnx(model: Uint8Array): void {
  refuseLfsPointer(model, { expected: 'an ONNX model' })
  for (const [name, magic] of FOREIGN) {
    if (magic.every((byte, i) => model[i] === byte))
      throw new CodedError('MDL_LOAD', {
        expected: 'an ONNX model',
        actual: name,
        hint: 'export the model to ONNX; no other format is ever opened',
      })
  }
  let graphs = 0
  for (const field of readFields(model)) if (field.number === 7 && field.bytes !== null) graphs += 1
  if (graphs !== 1)
    throw new CodedError('MDL_LOAD', {
      expected: 'an ONNX model with one graph',
      actual: `${model.length} bytes with ${graphs} graphs`,
    })
  walk('model', model, 0)
}

function walk(kind: string, message: Uint8Array, depth: number): void {
  checkDepth(depth)
  const children = TENSORS_IN[kind] ?? {}
  for (const field of readFields(message)) {
    if (kind === 'tensor') {
      // data_location = EXTERNAL, or any external_data entry
      if ((field.number === 14 && field.int === EXTERNAL) || field.number === 13)
        throw new CodedError('MDL_PACKAGE', {
          path: 'model.onnx',
          expected: 'all weights inside model.onnx',
          actual: 'external data',
          hint: 'save the model with its weights in one file',
        })
      continue
    }
    const child = children[field.number]
    if (child !== undefined && field.bytes !== null) walk(child, field.bytes, depth + 1)
  }
}
