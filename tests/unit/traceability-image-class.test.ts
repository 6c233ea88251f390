import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { join } from 'node:path'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { deleteImages, signNow, sql, temporary } from './samples/signed-log.ts'
import { failVerdict, passVerdict, request } from './samples/traceability-requests.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const FAILED = 1_005
const place = temporary()
const pixels = (n: number): Uint8Array => Uint8Array.of(1, 2, 3, 4, n % 251, 6, 7, Math.floor(n / 251))

async function judge(dir: string, from: number, to: number, pass: (n: number) => boolean): Promise<void> {
  const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 60_000 })
  for (let n = from; n <= to; n += 64)
    await Promise.all(
      Array.from({ length: Math.min(64, to - n + 1) }, (_, i) => n + i).map((m) =>
        store.capture(request(m, pass(m) ? passVerdict() : failVerdict(), { image: pixels(m % 2_000) })),
      ),
    )
  await store.close()
}

const imageOf = (dir: string, trigger: number): string => {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const row = db.get<{ sha256: string }>(
    `select v.sha256 from inspection i join inspection_image v on v.position = i.position where i.trigger_number = ?`,
    trigger,
  )
  db.close()
  return row?.sha256 ?? ''
}

beforeAll(async () => {
  await judge(place.dir, 1, FAILED + 5, (n) => n > FAILED)
  await signNow(place.dir)
})
afterAll(() => place.dispose())

it('of images of a wrong class a thousand are named and the others counted', async () => {
  const dir = place.copy()
  sql(dir, `update image set retention = 'ok'`)
  const { findings, more } = await verifyDataDir(dir, { images: false })
  expect([findings.length, more]).toEqual([1_000, FAILED - 1_000])
})

it('a signed deletion of passed parts that names a failure is told, one that was none by then is not', async () => {
  const dir = place.copy()
  const [failed, passed] = [imageOf(dir, 7), imageOf(dir, FAILED + 1)]
  await deleteImages(dir, [passed])
  // Shown by a failed part later: the image is there again.
  await judge(dir, FAILED + 2_001, FAILED + 2_001, () => false)
  expect(imageOf(dir, FAILED + 2_001)).toBe(passed)
  await signNow(dir)
  expect(await verifyDataDir(dir, { images: false })).toMatchObject({ state: 'intact', findings: [] })
  // The store itself takes no failure away as a passed part.
  await deleteImages(dir, [failed])
  await signNow(dir)
  expect(await verifyDataDir(dir, { images: false })).toMatchObject({ state: 'intact', findings: [] })
  sql(dir, `update image set retention = 'ok' where sha256 = '${failed}'`)
  await deleteImages(dir, [failed])
  await signNow(dir)
  sql(dir, `update image set retention = 'ng' where sha256 = '${failed}'`)
  const { state, findings } = await verifyDataDir(dir, { images: false })
  expect([state, findings.map((f) => [f.kind, f.detail])]).toEqual([
    'altered',
    [
      [
        'image',
        `image ${failed} shows a part with the verdict fail, and was deleted as one of the class pass`,
      ],
    ],
  ])
})
