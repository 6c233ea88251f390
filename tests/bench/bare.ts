import { once } from 'node:events'
import { endThread, spawnWorker } from '../../contracts/index.ts'
import type { FramePair } from './frames.ts'

export interface BareOrder {
  dir: string
  trustedKeys: Record<string, string>
  frames: FramePair[]
  kind: 'raw' | 'jpeg'
  ms: number
}

export interface BareResult {
  /** All threads together. */
  framesPerSecond: number
  /** Per frame and thread, while all threads run. */
  inputMs: number
  modelMs: number
}

/** `threads` bare loops side by side: what the machine can do at most with this model and this input. */
export async function runBare(order: BareOrder, threads: number): Promise<BareResult> {
  const workers = Array.from({ length: threads }, () =>
    spawnWorker(new URL('./bare.worker.ts', import.meta.url), { workerData: order }),
  )
  await Promise.all(workers.map((w) => once(w, 'message')))
  const results = await Promise.all(
    workers.map(async (w) => {
      w.postMessage('go')
      const [r] = (await once(w, 'message')) as [
        { frames: number; wallMs: number; inputMs: number; modelMs: number },
      ]
      return r
    }),
  )
  await Promise.all(workers.map((w) => endThread(w)))
  const mean = (of: (r: (typeof results)[number]) => number): number =>
    results.reduce((s, r) => s + of(r), 0) / threads
  return {
    framesPerSecond: results.reduce((s, r) => s + (r.frames * 1000) / r.wallMs, 0),
    inputMs: mean((r) => r.inputMs),
    modelMs: mean((r) => r.modelMs),
  }
}
