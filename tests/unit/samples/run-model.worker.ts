import { parentPort, workerData } from 'node:worker_threads'
import { loadModel } from '../../../models/index.ts'
import type { TrustedKeys } from '../../../models/index.ts'
import { plain } from '../../suites/toy-models.ts'

const { dir, trustedKeys } = workerData as { dir: string; trustedKeys: TrustedKeys }
const runner = await loadModel(dir, { providers: ['cpu'], trustedKeys, intraOpThreads: 1 })
const { findings } = await runner.run(
  { image: plain(8, 8, 255), template: plain(8, 8, 0) },
  { threshold: 0.1, thresholds: {}, maxFindings: 1 },
)
await runner.close()
parentPort?.postMessage([runner.provider, findings[0]?.score])
