import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CodedError } from '../../contracts/index.ts'
import { openEventLog, openPartStore, openSql, openTraceQuery } from '../../traceability/index.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { at, failVerdict, gs1Code, missed, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-spool-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const triggersIn = (): number[] => {
  const log = openEventLog(dataDir)
  const all = log.read(0, 10_000).filter((e) => e.event.type === 'qe.inspection.completed.v1')
  log.close()
  return all.map((e) => (e.event.data as { trigger: number }).trigger).sort((a, b) => a - b)
}
/** On a busy machine even the first request may have been late. */
const calm = (store: Awaited<ReturnType<typeof openPartStore>>): Promise<void> =>
  expect
    .poll(() => store.health(), { timeout: 15_000, interval: 20 })
    .toMatchObject({ state: 'ok', spooled: 0 })
const spoolFiles = (): string[] => readdirSync(join(dataDir, 'spool'))

describe('a store that is late', () => {
  it('is bypassed by the spool and caught up exactly once', async () => {
    const alarms: CodedError[] = []
    const store = await openPartStore({
      dataDir,
      spoolAfterMs: 80,
      drainEveryMs: 50,
      onAlarm: (e) => alarms.push(e),
    })
    await store.capture(request(1, passVerdict()))
    await calm(store)
    // Another program holds the write lock, as a backup tool might.
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    const asked = performance.now()
    const ack = await store.capture(request(2, failVerdict({ codes: [gs1Code('A2')] })))
    expect(ack).toMatchObject({ durable: 'spool', serial: 'A2', sequence: null })
    expect(performance.now() - asked).toBeLessThan(1_500)
    expect(store.health()).toMatchObject({ state: 'spooling', spooled: 1 })
    // The next ones do not wait for the store at all.
    const acks = await Promise.all([3, 4, 5].map((n) => store.capture(request(n, passVerdict()))))
    expect(acks.map((a) => a.durable)).toEqual(['spool', 'spool', 'spool'])
    await store.openTrigger({ station: 'st10', trigger: 6, at: at(6) })
    expect(store.health().spooled).toBe(5)
    expect(alarms.some((a) => a.code === 'TRC_SPOOLED')).toBe(true)
    other.exec('rollback')
    other.close()
    await calm(store)
    expect(await store.balance()).toEqual([
      { station: 'st10', triggers: 6, verdicts: 5, noVerdicts: 0, open: 1, closed: true },
    ])
    await store.close()
    expect(triggersIn()).toEqual([1, 2, 3, 4, 5])
    expect(spoolFiles()).toEqual([])
    const query = openTraceQuery(dataDir)
    const [row] = (await query.bySerial('A2'))?.inspections ?? []
    // PGM header and the eight pixels of the sample.
    expect((await query.imageBytes(row?.image?.sha256 ?? '')).bytes).toEqual(
      Buffer.concat([Buffer.from('P5\n4 2\n255\n'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 2)]),
    )
    query.close()
  })

  it('leaves no image of what it delivered, however soon behind that the run ends', async () => {
    const store = await openPartStore({ dataDir, spoolAfterMs: 50, drainEveryMs: 50 })
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    await Promise.all(Array.from({ length: 32 }, (_, n) => store.capture(request(n + 1, passVerdict()))))
    expect(spoolFiles().filter((f) => f.endsWith('.img'))).toHaveLength(32)
    other.exec('rollback')
    other.close()
    while (store.health().spooled > 0) await setImmediate()
    await store.close()
    expect(spoolFiles()).toEqual([])
  })

  it('is caught up at the next start, before anything is counted', async () => {
    const first = await openPartStore({ dataDir, spoolAfterMs: 50, drainEveryMs: 60_000 })
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    // The store gives up waiting for the lock after 2 s; the records stay in the spool.
    await Promise.all([1, 2].map((n) => first.capture(request(n, passVerdict()))))
    await expect.poll(() => first.health().queued, { timeout: 15_000 }).toBe(0)
    await first.close()
    other.exec('rollback')
    other.close()
    // A crash in mid-write leaves half a line, and an image that no line names.
    const [file = ''] = spoolFiles().filter((f) => f.endsWith('.jsonl'))
    appendFileSync(join(dataDir, 'spool', file), '{"entry":{"op":"capt')
    writeFileSync(join(dataDir, 'spool', 'orphan.img'), 'x')
    writeFileSync(join(dataDir, 'spool', 'half.img.77-1.tmp'), 'x')

    const second = await openPartStore({ dataDir })
    expect(await second.lastTrigger('st10')).toEqual({ trigger: 2, attempt: 1 })
    expect(second.health()).toMatchObject({ state: 'ok', spooled: 0 })
    await second.close()
    expect(triggersIn()).toEqual([1, 2])
    expect(spoolFiles()).toEqual(['rejected.jsonl'])
    expect(readFileSync(join(dataDir, 'spool/rejected.jsonl'), 'utf8')).toContain('cut off by a crash')
  })

  it('keeps a spooled record that contradicts a stored one, with the reason', async () => {
    const alarms: CodedError[] = []
    const store = await openPartStore({
      dataDir,
      spoolAfterMs: 60,
      drainEveryMs: 50,
      onAlarm: (e) => alarms.push(e),
    })
    await store.capture(request(1, passVerdict()))
    await calm(store)
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    expect((await store.capture(request(1, failVerdict()))).durable).toBe('spool')
    other.exec('rollback')
    other.close()
    await expect.poll(() => store.health().spooled, { timeout: 15_000 }).toBe(0)
    expect(alarms.some((a) => a.code === 'TRC_DUPLICATE')).toBe(true)
    await store.close()
    expect(readFileSync(join(dataDir, 'spool/rejected.jsonl'), 'utf8')).toContain('TRC_DUPLICATE')
    expect(spoolFiles().filter((f) => f.endsWith('.img'))).toHaveLength(1)
    expect(triggersIn()).toEqual([1])
  })

  it('starts past entries that can never be stored: they are kept with the reason, and the rest is delivered', async () => {
    mkdirSync(join(dataDir, 'spool'))
    const entry = (n: number, patch: object) => {
      const { image: _image, ...record } = request(n, passVerdict(), patch)
      return JSON.stringify({ entry: { op: 'capture', ask: { record, image: null } }, image: null })
    }
    const verdict = passVerdict()
    writeFileSync(
      join(dataDir, 'spool', '01890000-0000-7000-8000-000000000009.jsonl'),
      [
        entry(1, {}),
        // A column of the inspection that is not null, and one of a wrong type.
        entry(2, { endedAt: at(2), product: { id: 'cap', revision: 'A' }, attempt: 1.5 }),
        entry(3, {
          outcome: { ...request(3, verdict).outcome, verdict: { ...verdict, recipeSha256: null } },
        }),
        // Written by another version.
        JSON.stringify({ entry: { op: 'unheard-of', ask: {} }, image: null }),
        JSON.stringify({ entry: { op: 'capture', ask: { image: null } }, image: null }),
        JSON.stringify({ entry: { op: 'openTrigger', ask: { station: 'st10', trigger: 5 } }, image: null }),
        entry(6, {}),
        '',
      ].join('\n'),
    )
    const alarms: CodedError[] = []
    const store = await openPartStore({ dataDir, onAlarm: (e) => alarms.push(e) })
    expect(alarms.map((a) => a.code)).toEqual(Array.from({ length: 5 }, () => 'TRC_BINDING'))
    expect(store.health()).toMatchObject({ spooled: 0 })
    await store.close()
    expect(triggersIn()).toEqual([1, 6])
    const kept = readFileSync(join(dataDir, 'spool', 'rejected.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(kept).toHaveLength(5)
    expect(spoolFiles()).toEqual(['rejected.jsonl'])
    await (await openPartStore({ dataDir })).close()
  })

  it('does not spool what the store would refuse for its content', async () => {
    const store = await openPartStore({ dataDir, spoolAfterMs: 50 })
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    const bad = request(1, passVerdict(), { endedAt: 'never' })
    await expect(store.capture(bad)).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
    expect(store.health().spooled).toBe(0)
    other.exec('rollback')
    other.close()
    await store.close()
  })
})

const canMount = canMountTmpfs()

describeWith('mounting a tmpfs (root on Linux)', canMount, 'a full disk', () => {
  let small: string
  beforeEach(() => {
    small = join(dataDir, 'small')
    mkdirSync(small)
    mountTmpfs(small, 'size=2m')
  })
  afterEach(() => unmount(small))

  it('sends records to a spool on another disk, and drains it when there is room again', async () => {
    writeFileSync(join(small, 'ballast'), Buffer.alloc(900_000))
    const spoolDir = join(dataDir, 'other-disk')
    const store = await openPartStore({ dataDir: small, spoolDir, drainEveryMs: 50, spoolAfterMs: 20_000 })
    const durable: string[] = []
    let n = 0
    while (!durable.includes('spool') && n < 3_000) {
      n += 1
      const image = Uint8Array.from({ length: 8 }, () => Math.floor(Math.random() * 256))
      durable.push((await store.capture(request(n, failVerdict(), { image }))).durable)
    }
    expect(durable).toContain('spool')
    expect(durable[0]).toBe('store')
    expect(store.health()).toMatchObject({
      state: 'spooling',
      lastError: { code: 'TRC_DISK_FULL' },
    })
    rmSync(join(small, 'ballast'))
    await expect.poll(() => store.health().spooled, { timeout: 20_000, interval: 50 }).toBe(0)
    const after = await store.capture(request(n + 1, passVerdict()))
    expect(after.durable).toBe('store')
    expect((await store.balance())[0]).toMatchObject({ triggers: n + 1, verdicts: n + 1, closed: true })
    await store.close()
  })

  it('rejects the capture when both paths are full, so that the part is held, and loses no acknowledged one', async () => {
    const store = await openPartStore({ dataDir: small, drainEveryMs: 60_000, spoolAfterMs: 20_000 })
    const acks = new Set<number>()
    let refusal: CodedError | null = null
    for (let n = 1; n <= 400 && refusal === null; n++) {
      const image = Uint8Array.from({ length: 200 * 100 }, () => Math.floor(Math.random() * 256))
      const r = request(n, passVerdict(), { image })
      if (r.meta) r.meta.format = { kind: 'raw', pixel: 'mono8', widthPx: 200, heightPx: 100 }
      await store.capture(r).then(
        () => acks.add(n),
        (e: CodedError) => (refusal = e),
      )
    }
    expect(refusal).toMatchObject({ code: 'TRC_DISK_FULL' })
    expect(store.health()).toMatchObject({ state: 'failed' })
    await store.close()
    // Room again: everything acknowledged is there after the restart.
    execFileSync('mount', ['-o', 'remount,size=16m', small])
    const again = await openPartStore({ dataDir: small })
    expect((await again.balance())[0]).toMatchObject({ verdicts: acks.size })
    await again.close()
  })

  it('has failed as long as no image finds room, also where records without one do, and says why', async () => {
    const store = await openPartStore({ dataDir: small, drainEveryMs: 50, spoolAfterMs: 20_000 })
    // Every inode is in use, the bytes are not.
    execFileSync('mount', ['-o', 'remount,nr_inodes=25', small])
    let refusal: CodedError | null = null
    let n = 0
    while (refusal === null && n < 60) {
      const image = Uint8Array.from({ length: 8 }, () => Math.floor(Math.random() * 256))
      await store.capture(request(++n, passVerdict(), { image })).catch((e: CodedError) => (refusal = e))
    }
    expect(refusal).toMatchObject({ code: 'TRC_DISK_FULL', message: expect.stringContaining('df -i') })
    await store.capture(missed(n))
    await store.openTrigger({ station: 'st10', trigger: n + 1, at: at(n + 1) })
    expect(store.health().state).toBe('failed')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(store.health().state).toBe('failed')
    // What waits in the spool is handed over all the same.
    const other = openSql(join(small, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    execFileSync('mount', ['-o', 'remount,nr_inodes=26', small])
    await store.capture(missed(n + 2))
    expect(store.health()).toMatchObject({ state: 'failed', spooled: 1 })
    other.exec('rollback')
    other.close()
    await expect.poll(() => store.health().spooled, { timeout: 15_000 }).toBe(0)
    expect(store.health().state).toBe('failed')
    execFileSync('mount', ['-o', 'remount,nr_inodes=100', small])
    await calm(store)
    expect(readdirSync(join(small, 'images'))).not.toContain('.trial')
    await store.close()
  })
})

describe('a directory that cannot be written', () => {
  it.skipIf(process.getuid?.() === 0)('refuses to open (skipped for root, whom no mode stops)', async () => {
    chmodSync(dataDir, 0o500)
    await expect(openPartStore({ dataDir })).rejects.toMatchObject({ code: 'TRC_OPEN' })
    chmodSync(dataDir, 0o700)
  })

  it.skipIf(!canMount)('refuses to open on a read-only mount (needs root)', async () => {
    const dir = join(dataDir, 'ro')
    mkdirSync(dir)
    mountTmpfs(dir, 'size=1m,ro')
    try {
      await expect(openPartStore({ dataDir: dir })).rejects.toMatchObject({ code: 'TRC_OPEN' })
    } finally {
      unmount(dir)
    }
  })

  it('refuses a path where a file stands', async () => {
    writeFileSync(join(dataDir, 'file'), '')
    await expect(openPartStore({ dataDir: join(dataDir, 'file') })).rejects.toMatchObject({
      code: 'TRC_OPEN',
    })
  })

  it('refuses a damaged database', async () => {
    writeFileSync(
      join(dataDir, 'trace.db'),
      'no database at all, but long enough to have a header. '.repeat(50),
    )
    await expect(openPartStore({ dataDir })).rejects.toMatchObject({ code: 'TRC_OPEN' })
  })

  it('refuses a log whose tree does not fit its events', async () => {
    const store = await openPartStore({ dataDir })
    await store.capture(request(1, passVerdict()))
    await store.close()
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    db.run('update log_tree set root = zeroblob(32)')
    db.close()
    await expect(openPartStore({ dataDir })).rejects.toMatchObject({ code: 'TRC_OPEN' })
  })
})
