import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { EpcisDesk } from '../../traceability/epcis/desk.ts'
import { capture, temporary } from './samples/signed-log.ts'

let data: ReturnType<typeof temporary>
beforeEach(async () => {
  data = temporary()
  await capture(data.dir, 1, 3)
})
afterEach(() => data.dispose())

function follow(): void {
  const desk = new EpcisDesk(data.dir)
  while (desk.follow());
  desk.close()
}

it.each<[string, (file: string) => void]>([
  ['emptied', (file) => truncateSync(file)],
  ['gone', (file) => rmSync(file)],
])('queries and subscriptions whose file is %s are not begun anew without a word', (_what, damage) => {
  // Also where nothing was followed yet.
  new EpcisDesk(data.dir).close()
  follow()
  follow()
  damage(join(data.dir, 'epcis', 'state.db'))
  for (let start = 0; start < 2; start++)
    expect(follow).toThrow(expect.objectContaining({ code: 'TRC_OPEN' }) as Error)
  rmSync(join(data.dir, 'epcis'), { recursive: true })
  follow()
})
