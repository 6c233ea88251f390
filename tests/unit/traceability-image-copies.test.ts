import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPartStore, openSql, openTraceQuery } from '../../traceability/index.ts'
import { SharedCopies } from '../../traceability/store/shared-copies.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-copies-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

describe('copies of images', () => {
  it('reuse memory that was given back, when it fits', () => {
    const copies = new SharedCopies()
    const first = copies.take(Uint8Array.of(1, 2, 3, 4))
    const second = copies.take(Uint8Array.of(5, 6, 7, 8))
    expect(second.buffer).not.toBe(first.buffer)
    copies.giveBack(first)
    expect(copies.take(new Uint8Array(5)).buffer).not.toBe(first.buffer)
    const third = copies.take(Uint8Array.of(9, 9, 9))
    expect([third.buffer === first.buffer, [...third]]).toEqual([true, [9, 9, 9]])
    expect([...second]).toEqual([5, 6, 7, 8])
  })

  it('never hand one part the picture of another, whichever path keeps it', async () => {
    // A store that is free is in time on any disk; one that is locked is waited for until the spool has all.
    const store = await openPartStore({ dataDir, spoolAfterMs: 2_000, drainEveryMs: 20 })
    const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
    // One buffer for all frames, as a slot of the camera is: it changes as soon as capture has returned.
    const slot = new Uint8Array(8)
    const paths: string[] = []
    let acks: Promise<{ durable: string }>[] = []
    const acknowledged = async (): Promise<void> => {
      for (const { durable } of await Promise.all(acks)) paths.push(durable)
      acks = []
    }
    for (let n = 1; n <= 120; n++) {
      if (n % 40 === 10) {
        // On a busy machine the store may not have begun with them.
        await acknowledged()
        other.exec('begin immediate')
      }
      if (n % 40 === 25) {
        await acknowledged()
        other.exec('rollback')
      }
      slot.fill(n)
      acks.push(store.capture({ ...request(n, passVerdict({ codes: [gs1Code(`S${n}`)] })), image: slot }))
      slot.fill(0)
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await acknowledged()
    expect(new Set(paths)).toEqual(new Set(['store', 'spool']))
    await expect.poll(() => store.health().spooled, { timeout: 20_000 }).toBe(0)
    other.close()
    await store.close()
    const query = openTraceQuery(dataDir)
    for (let n = 1; n <= 120; n++) {
      const [row] = (await query.bySerial(`S${n}`))?.inspections ?? []
      const { bytes } = await query.imageBytes(row?.image?.sha256 ?? '')
      expect([...bytes.subarray(-8)], `part ${n}`).toEqual(Array<number>(8).fill(n))
    }
    query.close()
  })
})
