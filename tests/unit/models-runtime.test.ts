import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spawnWorker } from '../../contracts/index.ts'
import { findPackages, loadModel, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { plain, toyModel, writeToyPackage } from '../suites/toy-models.ts'
import type { ToyPackage } from '../suites/toy-models.ts'

const model = toyModel({ toy: { kind: 'classification', gain: [1], bias: [0] } })
const input = { data: new Uint8Array(4).fill(51), shape: [1, 2, 2, 1] as const }

describe('providers', () => {
  it('runs on the first one that works and says what was asked for', async () => {
    const session = await openSession(model, { providers: ['no-such-provider', 'cpu'], intraOpThreads: 1 })
    expect(session.provider).toBe('cpu')
    expect(session.degraded).toMatch(/^asked for no-such-provider, running on cpu \(no-such-provider: .+\)$/)
    // mean 51 of 255
    const { logits } = await session.run({ image: input }, ['logits'])
    expect(logits?.data[0]).toBeCloseTo(0.2, 6)
    await session.close()
  })

  it('is not degraded on the first one', async () => {
    const session = await openSession(model, { providers: ['cpu', 'cuda'], intraOpThreads: 2 })
    expect([session.provider, session.degraded]).toEqual(['cpu', null])
    await session.close()
  })

  it('never takes one that is not in the list', async () => {
    const open = openSession(model, { providers: ['no-such-provider'], intraOpThreads: 1 })
    await expect(open).rejects.toThrow(/MDL_PROVIDER.*\[no-such-provider\].*add cpu to the list/)
    await expect(openSession(model, { providers: [], intraOpThreads: 1 })).rejects.toThrow(
      /MDL_PROVIDER.*an empty list/,
    )
  })

  it('blames the model when the CPU cannot load it either', async () => {
    const nonsense = onnxModel(
      onnxGraph({
        name: 'g',
        nodes: [onnxNode('NoSuchOperator', ['x'], ['y'])],
        initializers: [],
        inputs: [{ name: 'x', type: 'float32', shape: [1] }],
        outputs: [{ name: 'y', type: 'float32', shape: [1] }],
      }),
    )
    for (const providers of [['cpu'], ['no-such-provider'], ['no-such-provider', 'cpu']])
      await expect(openSession(nonsense, { providers, intraOpThreads: 1 })).rejects.toThrow(
        /MDL_LOAD.*NoSuchOperator/,
      )
  })
})

describe('session', () => {
  it('reads a refilled buffer anew and leaves earlier outputs alone', async () => {
    const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
    const feed = { data: new Uint8Array(4).fill(255), shape: [1, 2, 2, 1] as const }
    const first = await session.run({ image: feed }, ['logits'])
    feed.data.fill(0)
    const second = await session.run({ image: feed }, ['logits'])
    expect([first['logits']?.data[0], second['logits']?.data[0]]).toEqual([1, 0])
    await session.close()
  })

  it('reports a failing graph as MDL_RUN', async () => {
    const reshape = onnxModel(
      onnxGraph({
        name: 'g',
        nodes: [
          onnxNode('Cast', ['image'], ['x'], { to: { int: 1 } }),
          onnxNode('Reshape', ['x', 'to'], ['y']),
        ],
        initializers: [onnxTensor('to', [1], BigInt64Array.of(7n))],
        inputs: [{ name: 'image', type: 'uint8', shape: ['n', 'h', 'w', 1] }],
        outputs: [{ name: 'y', type: 'float32', shape: [7] }],
      }),
    )
    const session = await openSession(reshape, { providers: ['cpu'], intraOpThreads: 1 })
    await expect(session.run({ image: input }, ['y'])).rejects.toThrow(/MDL_RUN.*Reshape/)
    await session.close()
  })

  it('refuses an output type no adapter reads', async () => {
    const identity = onnxModel(
      onnxGraph({
        name: 'g',
        nodes: [onnxNode('Identity', ['image'], ['y'])],
        initializers: [],
        inputs: [{ name: 'image', type: 'uint8', shape: ['n', 'h', 'w', 1] }],
        outputs: [{ name: 'y', type: 'uint8', shape: ['n', 'h', 'w', 1] }],
      }),
    )
    const session = await openSession(identity, { providers: ['cpu'], intraOpThreads: 1 })
    await expect(session.run({ image: input }, ['y'])).rejects.toThrow(/MDL_OUTPUT.*\(y\).*found uint8/)
    await session.close()
  })
})

describe('loaded model', () => {
  let pkg: ToyPackage
  const options = { threshold: 0.1, thresholds: {}, maxFindings: 9 }
  beforeAll(async () => {
    pkg = await writeToyPackage({
      toy: { kind: 'decoded', pair: true, rows: [{ box: [1, 1, 5, 5], label: 0, score: 0.75 }] },
    })
  })
  afterAll(() => pkg.remove())

  it('asks for the template, of the size of the image', async () => {
    const runner = await loadModel(pkg.dir, {
      providers: ['cpu'],
      trustedKeys: pkg.trustedKeys,
      intraOpThreads: 1,
    })
    const image = plain(8, 8, 255)
    await expect(runner.run({ image }, options)).rejects.toThrow(/MDL_INPUT.*a golden template; found none/)
    await expect(runner.run({ image, template: plain(8, 9, 0) }, options)).rejects.toThrow(
      /MDL_INPUT.*8 x 8 px, like the image; found 8 x 9 px/,
    )
    const { findings } = await runner.run({ image, template: plain(8, 8, 0) }, options)
    expect(findings).toMatchObject([{ class: 'class-0', score: 0.75, box: [1, 1, 5, 5] }])
    await runner.close()
  })

  it('works in worker threads, two at a time, and they end cleanly', async () => {
    const work = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const worker = spawnWorker(new URL('./samples/run-model.worker.ts', import.meta.url), {
          workerData: { dir: pkg.dir, trustedKeys: pkg.trustedKeys },
        })
        let answer: unknown
        worker.on('message', (m) => (answer = m))
        worker.on('error', reject)
        worker.on('exit', (code) => (code === 0 ? resolve(answer) : reject(new Error(`exit ${code}`))))
      })
    expect(await Promise.all([work(), work()])).toEqual([
      ['cpu', 0.75],
      ['cpu', 0.75],
    ])
  })

  it('is found by its folder', async () => {
    expect((await findPackages([pkg.root])).map((p) => p.sha256)).toEqual([pkg.sha256])
  })
})
