import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ImageCache } from '../../dashboard/server/images/image-cache.ts'
import { decodePnm } from '../../contracts/index.ts'
import { mimeOf } from '../../dashboard/server/images/render.ts'
import { BOARD_PX } from './samples/dashboard-board.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

describe('images', () => {
  it('tells types by signature', () => {
    expect(mimeOf(Buffer.from('P5 1 1 255\n\0'))).toBe('image/x-portable-graymap')
    expect(mimeOf(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toBe('image/jpeg')
    expect(mimeOf(Buffer.from('<script>alert(1)</script>'))).toBe('application/octet-stream')
  })
})

describe('/api/images', () => {
  let at: Served
  let sha256: string
  beforeAll(async () => {
    at = await serve(6)
    sha256 = at.line.parts[4]?.row.image?.sha256 ?? ''
  })
  afterAll(() => at.dashboard.close())

  it('is lossless as PNG', async () => {
    const res = await fetch(`${at.url}/api/images/${sha256}`)
    expect(res.headers.get('content-type')).toBe('image/png')
    expect(res.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const { data, info } = await sharp(Buffer.from(await res.arrayBuffer()))
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: BOARD_PX, height: BOARD_PX })
    expect(data.equals(decodePnm(readFileSync(join(at.line.dir, `${sha256}.pgm`))).data)).toBe(true)
  })

  it('makes thumbnails', async () => {
    const res = await fetch(`${at.url}/api/images/${sha256}?width=160&format=webp`)
    expect(res.headers.get('content-type')).toBe('image/webp')
    const bytes = Buffer.from(await res.arrayBuffer())
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 160, height: 160, format: 'webp' })
    expect(bytes.length).toBeLessThan(12_000)
  })

  it('gives the stored bytes unchanged', async () => {
    const res = await fetch(`${at.url}/api/images/${sha256}?original=1`)
    expect(res.headers.get('content-type')).toContain('image/x-portable-graymap')
    const bytes = Buffer.from(await res.arrayBuffer())
    expect(bytes.equals(readFileSync(join(at.line.dir, `${sha256}.pgm`)))).toBe(true)
  })

  it('says TRC_IMAGE for bytes that are no image, and does not remember the failure', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-images-'))
    const file = join(dir, 'x')
    const own = await serve(0, { images: { path: () => file } })
    const put = (bytes: string | Buffer): string => {
      writeFileSync(file, bytes)
      return `${own.url}/api/images/${createHash('sha256').update(bytes).digest('hex')}`
    }
    const res = await fetch(put('not an image'))
    expect(res.status).toBe(500)
    expect(await res.json()).toMatchObject({ code: 'TRC_IMAGE' })
    expect(res.headers.get('cache-control')).toBe('no-store')
    const short = await fetch(put(Buffer.from('P5 3 3 255\ntoo few')))
    expect(await short.json()).toMatchObject({ code: 'TRC_IMAGE' })
    const good = put(Buffer.from('P5 1 1 255\n\t'))
    // What somebody put in its place is not shown as it.
    writeFileSync(file, Buffer.from('P5 1 1 255\n\n'))
    for (const how of ['', '?original=1']) {
      const altered = await fetch(good + how)
      expect([altered.status, altered.headers.get('cache-control')]).toEqual([500, 'no-store'])
      expect(await altered.json()).toMatchObject({
        code: 'TRC_IMAGE',
        message: expect.stringContaining('was altered'),
      })
    }
    put(Buffer.from('P5 1 1 255\n\t'))
    expect((await fetch(good)).status).toBe(200)
    await own.dashboard.close()
  })
})

describe('image cache', () => {
  it('renders once for requests at the same time, and drops the least recently used', async () => {
    const cache = new ImageCache(400, 2)
    let renders = 0
    const render = async (): Promise<Buffer> => {
      renders++
      return Buffer.alloc(100)
    }
    await Promise.all([cache.get('a', render), cache.get('a', render)])
    expect(renders).toBe(1)
    for (const key of ['b', 'c', 'd']) await cache.get(key, render)
    await cache.get('a', render)
    expect(renders).toBe(4)
    await cache.get('e', render) // 500 bytes: b, now the oldest, goes
    await cache.get('a', render)
    expect(renders).toBe(5)
    await cache.get('b', render)
    expect(renders).toBe(6)
  })

  it('renders at most so many at a time', async () => {
    const cache = new ImageCache(1000, 2)
    let now = 0
    let most = 0
    const slow = async (): Promise<Buffer> => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now--
      return Buffer.alloc(1)
    }
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => cache.get(key, slow)))
    expect(most).toBe(2)
  })
})
