import { mkdirSync, openSync, readSync, rmSync, truncateSync, writeSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { capture, signNow, temporary } from './samples/signed-log.ts'

let data: ReturnType<typeof temporary>
let file = ''
beforeEach(async () => {
  data = temporary()
  file = join(data.dir, 'trace.db')
  await capture(data.dir, 1, 9)
})
afterEach(() => data.dispose())

/** Turns the first `text` in the only page of an index into another one, as a disk does. */
function flipIn(index: string, text: string): void {
  const db = openSql(file, { synchronous: 'normal', readOnly: true })
  const page = Number(db.get('select rootpage from sqlite_schema where name = ?', index)?.['rootpage'])
  const size = Number(db.get('pragma page_size')?.['page_size'])
  db.close()
  const fd = openSync(file, 'r+')
  const bytes = Buffer.alloc(size)
  readSync(fd, bytes, 0, size, (page - 1) * size)
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThan(0)
  writeSync(fd, Buffer.of(bytes.readUInt8(at) ^ 1), 0, 1, (page - 1) * size + at)
  closeSync(fd)
}

it.each([
  ['inspection_unit', 'S5'],
  ['inspection_recipe', 'cap-top@4'],
])(
  'an index that leads past a row is told, though every row is as it was signed: %s',
  async (index, text) => {
    await signNow(data.dir)
    flipIn(index, text)
    const { state, findings } = await verifyDataDir(data.dir)
    expect([state, findings.map((f) => f.kind)]).toEqual(['altered', ['damaged']])
    expect(findings[0]?.detail).toMatch(new RegExp(`row \\d+ missing from index ${index}`))
  },
)

describe('records that are gone', () => {
  const open = (dataDir: string) => openPartStore({ dataDir, spoolAfterMs: 20_000 })

  it.each([
    ['emptied', (db: string) => truncateSync(db)],
    ['taken away', (db: string) => rmSync(db)],
    // As of a young line whose write-ahead log is lost.
    [
      'without tables',
      (db: string) => {
        rmSync(db)
        openSql(db, { synchronous: 'normal' }).close()
      },
    ],
  ])('are not begun anew beside a signed log: %s', async (_, damage) => {
    await signNow(data.dir)
    const dir = data.copy()
    const db = join(dir, 'trace.db')
    damage(db)
    const refused = { code: 'TRC_OPEN', detail: { file: db, hint: expect.stringMatching(/put it back/) } }
    await expect(open(dir)).rejects.toMatchObject(refused)
    // Nor by whoever tries again.
    await expect(open(dir)).rejects.toMatchObject(refused)
  })

  it('are begun where nothing was signed', async () => {
    rmSync(file)
    mkdirSync(join(data.dir, 'log'), { recursive: true })
    await (await open(data.dir)).close()
  })
})
