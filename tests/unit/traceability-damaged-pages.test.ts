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

/** Changes the first page of a table or index, as a disk does. */
function inPage(db: string, name: string, change: (page: Buffer) => void): void {
  const read = openSql(db, { synchronous: 'normal', readOnly: true })
  const root = Number(read.get('select rootpage from sqlite_schema where name = ?', name)?.['rootpage'])
  const size = Number(read.get('pragma page_size')?.['page_size'])
  read.close()
  const fd = openSync(db, 'r+')
  const page = Buffer.alloc(size)
  readSync(fd, page, 0, size, (root - 1) * size)
  change(page)
  writeSync(fd, page, 0, size, (root - 1) * size)
  closeSync(fd)
}

function flipIn(index: string, text: string): void {
  inPage(file, index, (page) => {
    const at = page.indexOf(text)
    expect(at).toBeGreaterThan(0)
    page.writeUInt8(page.readUInt8(at) ^ 1, at)
  })
}

function damagedTable(name: string): { dir: string; db: string } {
  const dir = data.copy()
  const db = join(dir, 'trace.db')
  inPage(db, name, (page) => page.fill(0))
  return { dir, db }
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
    [
      'with the log taken away, too',
      (db: string) => {
        rmSync(db)
        rmSync(join(db, '..', 'log'), { recursive: true })
      },
    ],
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

it.each(['get', 'all', 'run'] as const)('damage that %s meets is told with what to do', async (method) => {
  const { db } = damagedTable('image')
  const read = openSql(db, { synchronous: 'normal' })
  const ask = () => read[method](method === 'run' ? 'delete from image' : 'select * from image')
  expect(ask).toThrow(
    expect.objectContaining({
      code: 'TRC_OPEN',
      detail: expect.objectContaining({ hint: expect.stringMatching(/restore it from a backup/) }),
    }),
  )
  read.close()
})

it('a table that cannot be read is a finding, and no end of the check without a report', async () => {
  await signNow(data.dir)
  const { state, findings, limits } = await verifyDataDir(damagedTable('image').dir)
  expect(state).toBe('altered')
  expect(new Set(findings.map((f) => f.kind))).toEqual(new Set(['damaged']))
  expect(limits.map((l) => l.en).join()).toContain('pages that cannot be read')
})

it('events that cannot be read are named by their places', async () => {
  await capture(data.dir, 10, 60)
  await signNow(data.dir)
  const dir = data.copy()
  const db = join(dir, 'trace.db')
  // The second leaf of the table: https://www.sqlite.org/fileformat2.html#b_tree_pages
  let leaf = 0
  inPage(db, 'event', (page) => {
    expect(page.readUInt8(0), 'an interior page').toBe(5)
    leaf = page.readUInt32BE(page.readUInt16BE(14))
  })
  const before = openSql(db, { synchronous: 'normal', readOnly: true })
  const size = Number(before.get('pragma page_size')?.['page_size'])
  const last = Number(before.get('select max(position) as last from event')?.['last'])
  before.close()
  const fd = openSync(db, 'r+')
  writeSync(fd, Buffer.alloc(size), 0, size, (leaf - 1) * size)
  closeSync(fd)
  const readable = openSql(db, { synchronous: 'normal', readOnly: true })
  const lost = Array.from({ length: last }, (_, n) => n + 1).filter((n) => {
    try {
      return readable.get('select json from event where position = ?', n) === undefined
    } catch {
      return true
    }
  })
  readable.close()
  expect(lost.length).toBeGreaterThan(0)
  expect(lost.length).toBeLessThan(last)
  const [from, to] = [lost[0], lost.at(-1)]
  const { state, findings } = await verifyDataDir(dir)
  expect(state).toBe('altered')
  expect(findings).toContainEqual(
    expect.objectContaining({
      kind: 'damaged',
      position: from,
      detail: from === to ? `event ${from} cannot be read` : `events ${from} to ${to} cannot be read`,
    }),
  )
})
