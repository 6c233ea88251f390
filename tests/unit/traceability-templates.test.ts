import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AssociatedRead, CaptureRequest, FrameFormat } from '../../contracts/index.ts'
import { openPartStore, openSql } from '../../traceability/index.ts'
import { openTraceQuery, replayFrame } from '../../traceability/query/index.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-templates-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const raw: FrameFormat = { kind: 'raw', pixel: 'mono8', widthPx: 3, heightPx: 2 }
const jpeg: FrameFormat = { kind: 'encoded', mime: 'image/jpeg' }
const template = (bytes: number[], format: FrameFormat = raw): CaptureRequest['template'] => ({
  bytes: Uint8Array.from(bytes),
  format,
})
const files = (): number =>
  readdirSync(join(dataDir, 'images'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
    .length

async function frameOf(query: ReturnType<typeof openTraceQuery>, trigger: number) {
  const row = (await query.recentParts({ limit: 50 })).find((p) => p.trigger === trigger)
  const record = await query.record(row?.inspectionId ?? '')
  if (!row || !record) throw new Error(`no record of trigger ${trigger}`)
  return replayFrame(record, row.image?.sha256 ?? null, (sha256) => query.imageBytes(sha256))
}

describe('a golden template that came with the frame', () => {
  it('is one file however often it comes, and gives back the bytes that were judged', async () => {
    const store = await openPartStore({ dataDir, synchronous: 'normal' })
    for (const n of [1, 2])
      await store.capture(request(n, passVerdict(), { template: template([1, 2, 3, 4, 5, 6]) }))
    await store.capture(request(3, passVerdict(), { template: template([9, 8, 7], jpeg) }))
    await store.capture(request(4, passVerdict()))
    await store.close()
    // Four frames and two templates.
    expect(files()).toBe(6)
    const query = openTraceQuery(dataDir)
    const asked = request(1, passVerdict())
    expect(await frameOf(query, 1)).toEqual({
      bytes: Buffer.from(asked.image ?? []),
      format: asked.meta?.format,
      reference: { bytes: Buffer.from([1, 2, 3, 4, 5, 6]), format: raw },
    })
    expect((await frameOf(query, 3)).reference).toEqual({ bytes: Buffer.from([9, 8, 7]), format: jpeg })
    expect((await frameOf(query, 4)).reference).toBeUndefined()
    query.close()
  })

  it('is what it was when its frame came, although the next frame takes its memory', async () => {
    const store = await openPartStore({ dataDir, synchronous: 'normal' })
    const slot = Uint8Array.from([1, 2, 3, 4, 5, 6])
    const come = (n: number, station: string): Promise<unknown> =>
      store.capture({ ...request(n, passVerdict(), { template: { bytes: slot, format: raw } }), station })
    const acks = [come(1, 'a'), come(2, 'a'), come(1, 'b')]
    slot[5] = 7
    acks.push(come(3, 'a'))
    slot[5] = 6
    acks.push(come(4, 'a'), come(2, 'b'))
    // The same bytes in another shape are another file.
    const turned: FrameFormat = { ...raw, widthPx: 2, heightPx: 3 }
    acks.push(store.capture(request(5, passVerdict(), { template: { bytes: slot, format: turned } })))
    slot.fill(0)
    await Promise.all(acks)
    await store.close()
    const query = openTraceQuery(dataDir)
    const parts = await query.recentParts({ limit: 50 })
    const last = async (station: string, trigger: number): Promise<unknown> => {
      const row = parts.find((p) => p.station === station && p.trigger === trigger)
      const record = await query.record(row?.inspectionId ?? '')
      if (!record) throw new Error(`no record of ${station}, ${trigger}`)
      const frame = await replayFrame(record, row?.image?.sha256 ?? null, (s) => query.imageBytes(s))
      return frame.reference?.bytes.at(-1)
    }
    expect(await Promise.all([1, 2, 3, 4].map((n) => last('a', n)))).toEqual([6, 6, 7, 6])
    expect(await Promise.all([1, 2].map((n) => last('b', n)))).toEqual([6, 6])
    expect((await frameOf(query, 5)).reference).toEqual({
      bytes: Buffer.from([1, 2, 3, 4, 5, 6]),
      format: turned,
    })
    query.close()
  })

  it('goes through the spool with its frame', async () => {
    const store = await openPartStore({ dataDir, spoolAfterMs: 60, drainEveryMs: 50 })
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    const ack = await store.capture(request(1, passVerdict(), { template: template([1, 2, 3, 4, 5, 6]) }))
    expect(ack.durable).toBe('spool')
    other.exec('rollback')
    other.close()
    await expect.poll(() => store.health().spooled, { timeout: 15_000 }).toBe(0)
    await store.close()
    const query = openTraceQuery(dataDir)
    expect((await frameOf(query, 1)).reference?.bytes).toEqual(Buffer.from([1, 2, 3, 4, 5, 6]))
    query.close()
  })
})

describe('reads beside the camera', () => {
  it('name the part and are rows that say how they came to it', async () => {
    const read = (text: string, associatedBy: AssociatedRead['associatedBy'], ok = true): AssociatedRead => ({
      tool: 'reader:gun',
      ok,
      symbology: '',
      symbologyId: '',
      text,
      corners: [],
      ...(ok ? {} : { error: 'the reader read nothing' }),
      associatedBy,
    })
    const store = await openPartStore({ dataDir, synchronous: 'normal' })
    const acks = [
      await store.capture(request(1, passVerdict(), { reads: [read('SN-1', 'fifo')], identityTools: [] })),
      await store.capture(
        request(2, passVerdict(), { reads: [read('', 'manual', false)], identityTools: [] }),
      ),
    ]
    expect(acks[0]?.serial).toBe('SN-1')
    expect(acks[1]?.serial).toMatch(/\.2$/)
    await store.close()
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    expect(db.all('select tool, ok, text, error, associated_by from carrier_read order by position')).toEqual(
      [
        { tool: 'reader:gun', ok: 1, text: 'SN-1', error: null, associated_by: 'fifo' },
        { tool: 'reader:gun', ok: 0, text: '', error: 'the reader read nothing', associated_by: 'manual' },
      ],
    )
    db.close()
  })
})
