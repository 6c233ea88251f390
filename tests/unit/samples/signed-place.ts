import { afterAll, beforeAll, beforeEach } from 'vitest'
import { verifyDataDir } from '../../../traceability/index.ts'
import { capture, signNow, temporary } from './signed-log.ts'

/** A log of 60 parts, signed after 30 and at its end: a copy for each test, and more where it wants them. */
export function signedPlace(): { dir: string; copy(): string } {
  const base = temporary()
  const place = { dir: '', copy: () => base.copy() }
  beforeAll(async () => {
    await capture(base.dir, 1, 30)
    await signNow(base.dir)
    await capture(base.dir, 31, 60)
    await signNow(base.dir)
  })
  beforeEach(() => {
    place.dir = base.copy()
  })
  afterAll(() => base.dispose())
  return place
}

/** What `verify` finds in a data directory, each kind once. */
export const findingKinds = async (dir: string): Promise<string[]> => [
  ...new Set((await verifyDataDir(dir)).findings.map((f) => f.kind)),
]
