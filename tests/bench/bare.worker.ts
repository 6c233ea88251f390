import { parentPort, workerData } from 'node:worker_threads'
import { decodeFrame, FrameMemory } from '../../inspection/index.ts'
import { loadModel, type Pixels } from '../../models/index.ts'
import { BOARD_PX } from '../../datasets/index.ts'
import type { BareOrder } from './bare.ts'

// The limit: one thread that does nothing but what cannot be left out. `input` decodes the image, and the template when
// it is another one, `model` runs the session, each timed; the loop runs for the given time.
const { dir, trustedKeys, frames, kind, ms } = workerData as BareOrder
const runner = await loadModel(dir, { providers: ['cpu'], trustedKeys, intraOpThreads: 1, skipGolden: true })
const pair = runner.card.inputs.length > 1
const want = { widthPx: BOARD_PX, heightPx: BOARD_PX, color: 'mono' as const }
const format =
  kind === 'raw'
    ? ({ kind: 'raw', pixel: 'mono8', widthPx: BOARD_PX, heightPx: BOARD_PX } as const)
    : ({ kind: 'encoded', mime: 'image/jpeg' } as const)
const options = { threshold: 0.45, thresholds: {}, maxFindings: 100 }

let template: { of: Uint8Array; pixels: Pixels } | null = null
const templateOf = async (bytes: Uint8Array): Promise<Pixels> => {
  if (template?.of !== bytes) template = { of: bytes, pixels: await decodeFrame(bytes, format, want) }
  return template.pixels
}

const one = async (n: number): Promise<{ inputMs: number; modelMs: number }> => {
  const frame = frames[n % frames.length]
  if (!frame) throw new RangeError('no frames')
  const t0 = performance.now()
  const memory = new FrameMemory()
  const image: Pixels = await decodeFrame(frame.bytes, format, want, memory.take)
  const shown = pair ? { image, template: await templateOf(frame.reference) } : { image }
  const t1 = performance.now()
  await runner.run(shown, options)
  memory.giveBack()
  return { inputMs: t1 - t0, modelMs: performance.now() - t1 }
}

for (let n = 0; n < 5; n++) await one(n)
parentPort?.postMessage('ready')
parentPort?.once('message', async () => {
  const sum = { inputMs: 0, modelMs: 0 }
  const start = performance.now()
  let n = 0
  for (; performance.now() - start < ms; n++) {
    const t = await one(n)
    sum.inputMs += t.inputMs
    sum.modelMs += t.modelMs
  }
  const wallMs = performance.now() - start
  await runner.close()
  parentPort?.postMessage({ frames: n, wallMs, inputMs: sum.inputMs / n, modelMs: sum.modelMs / n })
})
