import { expect, it } from 'vitest'
import { spawnWorker } from '../../contracts/index.ts'

it('starts a TypeScript worker from the sources', async () => {
  const worker = spawnWorker(new URL('./samples/three.worker.ts', import.meta.url))
  expect(await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))).toBe(3)
})
