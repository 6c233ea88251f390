import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TraceQuery, TraceStore } from '../../traceability/index.ts'
import { failVerdict, passVerdict, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ dataDir, store, query } = open))

describe('images and large verdicts', () => {
  it('gives image bytes back only when they are what was stored', async () => {
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)
    const r = request(1, failVerdict(), { image: jpeg })
    if (r.meta) r.meta.format = { kind: 'encoded', mime: 'image/jpeg' }
    await store.capture(r)
    const sha256 = (await query.part(r.inspectionId))?.images[0]?.sha256 ?? ''
    expect(await query.image(sha256)).toEqual({
      path: join(dataDir, `images/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.jpg`),
      mime: 'image/jpeg',
      bytes: 4,
    })
    expect((await query.imageBytes(sha256)).bytes).toEqual(Buffer.from(jpeg))
    writeFileSync((await query.path(sha256)) ?? '', 'altered')
    await expect(query.imageBytes(sha256)).rejects.toMatchObject({ code: 'TRC_IMAGE' })
    await expect(query.imageBytes('00'.repeat(32))).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
    expect(await query.path('00'.repeat(32))).toBeNull()
  })

  it('keeps colour frames as PPM and pixels of a wrong size as they came', async () => {
    const rgb = request(1, passVerdict(), { image: Uint8Array.of(1, 2, 3, 4, 5, 6) })
    if (rgb.meta) rgb.meta.format = { kind: 'raw', pixel: 'rgb8', widthPx: 2, heightPx: 1 }
    await store.capture(rgb)
    const short = request(2, passVerdict(), { image: Uint8Array.of(1, 2, 3) })
    await store.capture(short)
    const bytes = async (id: string) => {
      const sha256 = (await query.part(id))?.images[0]?.sha256 ?? ''
      return query.imageBytes(sha256)
    }
    expect(await bytes(rgb.inspectionId)).toEqual({
      mime: 'image/x-portable-pixmap',
      bytes: Buffer.concat([Buffer.from('P6\n2 1\n255\n'), Uint8Array.of(1, 2, 3, 4, 5, 6)]),
    })
    expect(await bytes(short.inspectionId)).toEqual({
      mime: 'application/octet-stream',
      bytes: Buffer.from([1, 2, 3]),
    })
  })

  it('stores a large verdict compressed and gives it back whole', async () => {
    const map = {
      tool: 'pair',
      widthPx: 128,
      heightPx: 128,
      data: Buffer.alloc(16_384, 7).toString('base64'),
      min: 0,
      max: 1,
    }
    const r = request(1, failVerdict({ maps: [map] }))
    await store.capture(r)
    expect((await query.part(r.inspectionId))?.verdict.maps).toEqual([map])
  })
})
