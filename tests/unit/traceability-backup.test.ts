import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { verifyDataDir } from '../../traceability/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { capture, signNow } from './samples/signed-log.ts'
import { signedPlace } from './samples/signed-place.ts'

/** The copy that docs/SETUP.md tells to make while the line runs, step by step, without its `verify`. */
const steps = (): string[] => {
  const setup = readFileSync(join(import.meta.dirname, '../../docs/SETUP.md'), 'utf8')
  const [block = ''] = /^mkdir \/backup\/monday &&\n(?:.*&&\n)+/mu.exec(setup) ?? []
  return block.split('&&\n').filter((step) => step !== '')
}

describeWith(
  'sqlite3 and rsync',
  commandPresent('sqlite3') && commandPresent('rsync'),
  'a copy of a running line, by the commands of SETUP',
  () => {
    const place = signedPlace()

    it('verifies, whatever is recorded and signed between its steps', async () => {
      const copy = `${place.dir}-copy`
      let next = 61
      for (const step of steps()) {
        const command = step.replaceAll('/backup/monday', copy).replaceAll('data/', `${place.dir}/`)
        execFileSync('sh', ['-c', command], { cwd: dirname(place.dir) })
        await capture(place.dir, next, next + 2)
        await signNow(place.dir)
        next += 3
      }
      const proof = await verifyDataDir(copy)
      expect(proof.findings).toEqual([])
      expect(proof.state).toBe('intact')
    })
  },
)
