import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CodedError, errorText } from '../../contracts/index.ts'
import {
  LogWriter,
  openLogKey,
  openPartStore,
  openSql,
  openTraceQuery,
  verifyDataDir,
} from '../../traceability/index.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { ORIGIN } from './samples/signed-log.ts'
import { passVerdict, request, reviewed } from './samples/traceability-requests.ts'

let base: string
let dataDir: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sightline-away-'))
  dataDir = join(base, 'data')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

type Store = Awaited<ReturnType<typeof openPartStore>>
/** A disk that is busy must not look like one that is away. */
const open = (): Promise<Store> => openPartStore({ dataDir, spoolAfterMs: 60_000, drainEveryMs: 20 })
const refusal = (store: Store, trigger: number): Promise<CodedError> =>
  store.capture(request(trigger, passVerdict())).then(
    () => expect.fail('it was acknowledged'),
    (error: unknown) => error as CodedError,
  )
const recorded = async (): Promise<number[]> => {
  const query = openTraceQuery(dataDir)
  const rows = await query.recentParts({ limit: 100 })
  query.close()
  return rows.map((r) => r.trigger).sort((a, b) => a - b)
}
const inPlace = (name: string): string => join(dataDir, name)

describe('files that are taken away beneath an open store', () => {
  it('acknowledges nothing while its folder is moved away, makes no other one, and goes on when it is back', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    renameSync(dataDir, join(base, 'moved'))
    expect((await refusal(store, 2)).code).toMatch(/^TRC_(IMAGE|WRITE)$/)
    expect(store.health().state).toBe('failed')
    // Another one in its place would be in the way of who moves it back.
    expect(existsSync(dataDir)).toBe(false)
    renameSync(join(base, 'moved'), dataDir)
    expect(await store.capture(request(3, passVerdict()))).toMatchObject({ durable: 'store' })
    await store.close()
    expect(await recorded()).toEqual([1, 3])
  })

  it('acknowledges nothing of which the only trace is a file without a name', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    rmSync(dataDir, { recursive: true })
    expect((await refusal(store, 2)).code).toMatch(/^TRC_(IMAGE|WRITE)$/)
    // A folder of the same name, as of who begins anew there.
    mkdirSync(join(dataDir, 'images'), { recursive: true })
    const error = await refusal(store, 3)
    expect(error.message).toMatch(
      /trace\.db.*expected the file that the line has open; found it was taken away/,
    )
    expect(error.message).toMatch(/put it back where it was/)
    expect(errorText(error).zh).toMatch(/应为 产线所打开的文件;实际为 该文件已被移走或删除;请将其放回原处/)
    expect(errorText(error).zh).toMatch(/暂存区也拒绝了它/)
    await store.close()
  })

  it('goes on in the spool without the database, says why, and hands over when it is back', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    renameSync(inPlace('trace.db'), inPlace('away.db'))
    expect(await store.capture(request(2, passVerdict()))).toMatchObject({ durable: 'spool' })
    expect(store.health()).toMatchObject({
      state: 'spooling',
      lastError: { message: expect.stringMatching(/trace\.db.*taken away or moved/) },
    })
    copyFileSync(inPlace('away.db'), inPlace('trace.db'))
    expect(await store.capture(request(3, passVerdict()))).toMatchObject({ durable: 'spool' })
    expect(store.health().lastError?.message).toMatch(/another file in its place/)
    renameSync(inPlace('away.db'), inPlace('trace.db'))
    await expect.poll(() => store.health().state, { timeout: 20_000 }).toBe('ok')
    await store.close()
    expect(await recorded()).toEqual([1, 2, 3])
  })

  it('keeps what is in the write-ahead log when that is deleted, also where the program is killed then', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    rmSync(inPlace('trace.db-wal'))
    expect(await store.capture(request(2, passVerdict()))).toMatchObject({ durable: 'spool' })
    expect(store.health().lastError?.message).toMatch(/trace\.db-wal.*stop the line and start it again/)
    // As a kill would leave it: the files alone.
    const copy = join(base, 'killed')
    mkdirSync(copy)
    copyFileSync(inPlace('trace.db'), join(copy, 'trace.db'))
    const query = openTraceQuery(copy)
    expect((await query.recentParts({ limit: 9 })).map((r) => r.trigger)).toEqual([1])
    query.close()
    await store.close()
    const again = await open()
    expect(again.health()).toMatchObject({ state: 'ok', spooled: 0 })
    await again.close()
    expect(await recorded()).toEqual([1, 2])
  })

  it('keeps it, too, where somebody reads the database for long just then', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    const reader = openSql(inPlace('trace.db'), { synchronous: 'normal', readOnly: true })
    reader.exec('begin')
    reader.get('select count(*) from inspection')
    await store.capture(request(2, passVerdict()))
    rmSync(inPlace('trace.db-wal'))
    expect(await store.capture(request(3, passVerdict()))).toMatchObject({ durable: 'spool' })
    reader.exec('commit')
    expect(await store.capture(request(4, passVerdict()))).toMatchObject({ durable: 'spool' })
    const copy = join(base, 'killed')
    mkdirSync(copy)
    copyFileSync(inPlace('trace.db'), join(copy, 'trace.db'))
    const query = openTraceQuery(copy)
    expect((await query.recentParts({ limit: 9 })).map((r) => r.trigger)).toEqual([2, 1])
    query.close()
    reader.close()
    await store.close()
  })

  it('acknowledges nothing of a spool that was taken away with the database', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    renameSync(inPlace('trace.db'), inPlace('away.db'))
    await store.capture({ ...request(2, passVerdict()), image: null })
    renameSync(inPlace('spool'), inPlace('away'))
    const error = await refusal(store, 3)
    expect(error.message).toMatch(/the spool refused it too/)
    renameSync(inPlace('away'), inPlace('spool'))
    renameSync(inPlace('away.db'), inPlace('trace.db'))
    await expect.poll(() => store.health().spooled, { timeout: 20_000 }).toBe(0)
    await store.close()
    expect(await recorded()).toEqual([1, 2])
  })

  it('says that the folder may not be looked into any more, not that the file is gone', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    // As when the rights to it are taken, which root, who may run this, would not notice.
    renameSync(dataDir, join(base, 'moved'))
    symlinkSync('data', dataDir)
    const error = await store
      .capture({ ...request(2, passVerdict()), image: null })
      .then(() => expect.fail('it was acknowledged'), String)
    expect(error).toMatch(/trace\.db\); found ELOOP.*; check that the directory exists and may be written/)
    rmSync(dataDir)
    renameSync(join(base, 'moved'), dataDir)
    await store.close()
  })

  it('makes the folder of images anew when it alone is gone', async () => {
    const store = await open()
    await store.capture(request(1, passVerdict()))
    rmSync(inPlace('images'), { recursive: true })
    expect(await store.capture(request(2, passVerdict()))).toMatchObject({ durable: 'store' })
    await store.close()
  })
})

describe('the signed log of a folder that is moved away', () => {
  it('makes no other folder in its place, and is signed whole when it is back', async () => {
    const store = await open()
    const first = request(1, passVerdict())
    const signer = openLogKey({ dataDir, keyFile: null, origin: ORIGIN, fallback: ORIGIN })
    const db = openSql(inPlace('trace.db'), { synchronous: 'normal', readOnly: true })
    const writer = new LogWriter({
      db,
      dataDir,
      signer,
      entries: true,
      onSetAside: ({ message }) => expect.unreachable(message),
    })
    try {
      await store.capture(first)
      await writer.sign()
      // More than a tile, so that one is due in the middle of them.
      await Promise.all(Array.from({ length: 300 }, () => store.emit(reviewed(first.inspectionId))))
      renameSync(dataDir, join(base, 'moved'))
      for (let i = 0; i < 3; i++) await expect(writer.sign()).rejects.toMatchObject({ code: 'ENOENT' })
      expect(existsSync(dataDir)).toBe(false)
      renameSync(join(base, 'moved'), dataDir)
      expect(await writer.sign()).toMatchObject({ size: 301 })
    } finally {
      db.close()
    }
    await store.close()
    expect(await verifyDataDir(dataDir)).toMatchObject({ state: 'intact', findings: [] })
  })
})

describeWith('mounting a tmpfs (root on Linux)', canMountTmpfs(), 'a disk that turns read-only', () => {
  it('is called one, where the folder of an image is to be made', async () => {
    mkdirSync(dataDir)
    mountTmpfs(dataDir, 'size=16m')
    const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'pipe' })
    try {
      const store = await open()
      await store.capture(request(1, passVerdict()))
      rmSync(inPlace('images'), { recursive: true })
      mkdirSync(inPlace('images'))
      // What is open can still be written, so that the folder of the image is what is refused.
      mount('--bind', dataDir, dataDir)
      mount('-o', 'remount,bind,ro', dataDir)
      const error = await refusal(store, 2)
      expect(error.code).toBe('TRC_IMAGE')
      expect(error.message).toMatch(/found EROFS.*; the disk is read-only/)
      expect(errorText(error).zh).toMatch(/磁盘为只读/)
      unmount(dataDir)
      expect(await store.capture(request(3, passVerdict()))).toMatchObject({ durable: 'store' })
      await store.close()
    } finally {
      unmount(dataDir)
    }
  })
})
