import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { readOnnx } from '../../models/onnx/read-onnx.ts'
import { screenOnnx } from '../../models/onnx/screen.ts'
import { concatFields, intField, messageField, textField } from '../../models/onnx/wire.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { LFS_POINTER } from './samples/foreign-export.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-weights-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** y = x + weight, whose one float lies in a file: TensorProto with data_location EXTERNAL. */
function outside(entries: Record<string, string>): Uint8Array {
  const weight = concatFields([
    intField(1, 1),
    intField(2, 1),
    textField(8, 'weight'),
    ...Object.entries(entries).map(([k, v]) => messageField(13, [textField(1, k), textField(2, v)])),
    intField(14, 1),
  ])
  return onnxModel(
    onnxGraph({
      name: 'outside',
      nodes: [onnxNode('Add', ['x', 'weight'], ['y'])],
      initializers: [weight],
      inputs: [{ name: 'x', type: 'float32', shape: [1, 1] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 1] }],
    }),
  )
}

async function written(model: Uint8Array): Promise<string> {
  const file = join(dir, 'model.onnx')
  await writeFile(file, model)
  return file
}

it('brings weights beside the model into it', async () => {
  await writeFile(join(dir, 'model.onnx.data'), Buffer.from(Float32Array.of(7, 41).buffer))
  const file = await written(outside({ location: 'model.onnx.data', offset: '4', length: '4' }))
  const session = await openSession(await readOnnx(file), { providers: ['cpu'], intraOpThreads: 1 })
  const { y } = await session.run({ x: { data: Float32Array.of(1), shape: [1, 1] } }, ['y'])
  expect(Array.from(y?.data ?? [], Number)).toEqual([42])
  await session.close()
})

it.each([
  ['a missing file', { location: 'other.data' }, /CFG_MISSING_FILE.*other\.data.*the weights of/],
  [
    'a folder above',
    { location: '../model.onnx.data' },
    /MDL_PACKAGE.*weights in the folder of the model; found .*\.\./,
  ],
  ['a path from the root', { location: '/etc/hostname' }, /MDL_PACKAGE.*weights in the folder/],
  ['no place', {}, /MDL_PACKAGE.*weights in the folder/],
  [
    'bytes behind the end',
    { location: 'model.onnx.data', offset: '4', length: '8' },
    /MDL_PACKAGE.*bytes 4 to 12.*8 bytes/,
  ],
  [
    'an offset that is no number',
    { location: 'model.onnx.data', offset: 'x' },
    /MDL_PACKAGE.*of the weights/,
  ],
])('refuses %s', async (_, entries: Record<string, string>, message) => {
  await expect(readOnnx(await written(outside(entries)))).rejects.toThrow(message)
})

it('says of weights that a clone without Git LFS left out how to get them', async () => {
  await writeFile(join(dir, 'pointer.data'), LFS_POINTER)
  const file = await written(outside({ location: 'pointer.data', offset: '0', length: '4000' }))
  await expect(readOnnx(file)).rejects.toThrow(
    /MDL_LOAD.*pointer\.data.*; found a pointer of Git LFS to it; .*git lfs pull/,
  )
})

it('leaves a model with its weights inside, and what is no model, as they are', async () => {
  const inside = onnxModel(
    onnxGraph({
      name: 'inside',
      nodes: [onnxNode('Identity', ['c'], ['y'])],
      initializers: [onnxTensor('c', [1], Float32Array.of(3))],
      inputs: [],
      outputs: [{ name: 'y', type: 'float32', shape: [1] }],
    }),
  )
  for (const bytes of [inside, Buffer.from('PK\u0003\u0004 not a model')])
    expect(Buffer.from(await readOnnx(await written(bytes)))).toEqual(Buffer.from(bytes))
  await expect(readOnnx(join(dir, 'absent.onnx'))).rejects.toThrow(/CFG_MISSING_FILE/)
})

/** A graph in an attribute of a node of a graph, and so on; lengths are written from the inside out. */
function nested(levels: number): Uint8Array {
  const heads: Uint8Array[] = []
  let length = 0
  for (let n = 0; n < 3 * levels; n++) {
    const field = [6, 5, 1][n % 3] ?? 0
    const head = [(field << 3) | 2]
    for (let left = length; ; left = Math.floor(left / 128)) {
      head.push(left > 0x7f ? (left & 0x7f) | 0x80 : left)
      if (left <= 0x7f) break
    }
    heads.push(Uint8Array.from(head))
    length += head.length
  }
  return messageField(7, heads.toReversed())
}

it('is refused where messages lie in each other so deep that the stack would not hold them', async () => {
  for (const levels of [40, 20_000]) {
    const model = nested(levels)
    await expect(readOnnx(await written(model))).rejects.toThrow(/^MDL_LOAD.*at most 100 deep/)
    expect(() => screenOnnx(model)).toThrow(/^MDL_LOAD.*at most 100 deep/)
  }
  expect(() => screenOnnx(nested(30))).not.toThrow()
})
