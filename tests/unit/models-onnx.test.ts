import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { screenOnnx } from '../../models/onnx/screen.ts'
import { bytesField, concatFields, intField, messageField, textField } from '../../models/onnx/wire.ts'
import { toyModel } from '../suites/toy-models.ts'
import { LFS_POINTER } from './samples/foreign-export.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Expected bytes: the Python package onnx 1.23.2 (`numpy_helper`, `helper`), `SerializeToString().hex()`. */
describe('the encoder writes the bytes of the reference library', () => {
  it('tensor', () => {
    expect(hex(onnxTensor('w', [2, 2], Float32Array.of(1, 2, 3, 4)))).toBe(
      '0802080210014201774a100000803f000000400000404000008040',
    )
  })

  it('node with a negative integer attribute', () => {
    const node = onnxNode('ReduceMean', ['x'], ['y'], { axes: { ints: [1, -2] }, keepdims: { int: 0 } })
    expect(hex(node)).toBe(
      '0a0178120179220a5265647563654d65616e2a160a0461786573400140feffffffffffffffff01a001072a0f0a086b65657064696d731800a00102',
    )
  })

  it('model', () => {
    const graph = onnxGraph({
      name: 'g',
      nodes: [onnxNode('Relu', ['x'], ['y'])],
      initializers: [],
      inputs: [{ name: 'x', type: 'float32', shape: ['n', 3] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['n', 3] }],
    })
    expect(hex(onnxModel(graph, 't'))).toBe(
      '08081201743a3d0a0c0a0178120179220452656c751201675a140a0178120f0a0d080112090a0312016e0a02080362140a0179120f0a0d080112090a0312016e0a02080342040a001011',
    )
  })
})

describe('screening before the native loader', () => {
  // onnx 1.23.2: a 2 x 2 float tensor with data_location EXTERNAL and location ../../etc/passwd
  const external = Buffer.from(
    '0802080210014201776a1c0a086c6f636174696f6e12102e2e2f2e2e2f6574632f7061737377647001',
    'hex',
  )
  const model = (graph: Uint8Array): Uint8Array => concatFields([intField(1, 8), bytesField(7, graph)])

  it('accepts a model', () => {
    expect(() => screenOnnx(toyModel({ toy: { kind: 'anomaly' } }))).not.toThrow()
  })

  it('refuses external data in an initializer, a constant node and a nested graph', () => {
    const initializer = messageField(5, [external])
    const constant = messageField(1, [
      textField(4, 'Constant'),
      messageField(5, [textField(1, 'value'), messageField(5, [external])]),
    ])
    const nested = messageField(1, [
      textField(4, 'If'),
      messageField(5, [textField(1, 'then_branch'), messageField(6, [constant])]),
    ])
    for (const graph of [initializer, constant, nested])
      expect(() => screenOnnx(model(graph))).toThrow(/MDL_PACKAGE.*weights inside model.onnx.*external data/)
  })

  it('refuses external data inside a model function', () => {
    const node = messageField(7, [messageField(5, [messageField(5, [external])])])
    const whole = concatFields([model(textField(2, 'g')), messageField(25, [node])])
    expect(() => screenOnnx(whole)).toThrow(/external data/)
  })

  it('refuses a truncated model at every length', () => {
    const whole = toyModel({ toy: { kind: 'classification', gain: [1], bias: [0] } })
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length)
      // the operator set comes last; a cut just before it leaves a readable graph, which onnxruntime refuses
      if (length === whole.length - 6) continue
      expect(() => screenOnnx(cut), `cut to ${length} bytes`).toThrow(/MDL_LOAD/)
    }
  })

  it.each([
    ['a Python pickle', Buffer.from('80049503000000000000004b012e', 'hex')],
    ['a zip archive', Buffer.concat([Buffer.from('504b0304', 'hex'), deflateRawSync('weights')])],
    ['an HDF5 file', Buffer.from('894844460d0a1a0a', 'hex')],
    ['text', Buffer.from('<html>404 not found</html>')],
    ['nothing at all', Buffer.alloc(0)],
  ])('refuses %s named model.onnx', (_, bytes) => {
    expect(() => screenOnnx(bytes)).toThrow(/MDL_LOAD/)
  })

  it('says of what a clone without Git LFS leaves in place of a model how to get the model', () => {
    expect(() => screenOnnx(Buffer.from(LFS_POINTER))).toThrow(
      /MDL_LOAD.*an ONNX model; found a pointer of Git LFS to it; .*git lfs pull/,
    )
  })
})
