import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { spawnWorker } from '../../contracts/index.ts'

it('starts a TypeScript worker from the sources', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sightline-')), 'x.worker.ts')
  writeFileSync(
    file,
    `import { parentPort } from 'node:worker_threads'\nconst x: number = 3\nparentPort?.postMessage(x)\n`,
  )
  const got = await new Promise((resolve, reject) =>
    spawnWorker(pathToFileURL(file)).on('message', resolve).on('error', reject),
  )
  expect(got).toBe(3)
})
