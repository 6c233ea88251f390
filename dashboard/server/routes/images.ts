import { z } from '../zod.ts'
import { imageFile } from '../../../traceability/query/index.ts'
import { ImageCache } from '../images/image-cache.ts'
import { mimeOf, renderImage } from '../images/render.ts'
import { notFound } from '../errors.ts'
import type { ImageReader } from '../ports.ts'
import { check, type Route } from '../route.ts'

const WIDTHS = ['96', '160', '320', '640', '1280'] as const
const CACHE_BYTES = 64 * 1024 * 1024

const params = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits') })
const query = z.strictObject({
  original: z.literal('1', '1').optional(),
  width: z.enum(WIDTHS, `one of ${WIDTHS.join(', ')}`).optional(),
  format: z.enum(['png', 'webp'], 'png or webp').default('png'),
})

/** Content-addressed, so an answer never changes: browsers keep it for a year without asking again. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

export function imageRoutes(images: ImageReader): Route[] {
  const cache = new ImageCache(CACHE_BYTES, 2)
  return [
    {
      method: 'get',
      path: '/api/images/:sha256',
      tag: 'images',
      summary: {
        zh: '图像:转换为 PNG 或 WebP,或原始字节(original=1)',
        en: 'An image as PNG or WebP, or its stored bytes (original=1)',
      },
      params,
      query,
      contentType: 'image/*',
      response: z.string().meta({ format: 'binary' }),
      async run(req, res) {
        const { sha256 } = check(params, req.params, 'path')
        const { original, width, format } = check(query, req.query, 'query')
        res.set('Cache-Control', IMMUTABLE)
        if (original) {
          const bytes = await read(images, sha256)
          res.set('Content-Disposition', `inline; filename="${sha256}"`)
          res.type(mimeOf(bytes)).send(bytes)
          return
        }
        const widthPx = width === undefined ? null : Number(width)
        const rendered = await cache.get(`${sha256}/${width ?? ''}/${format}`, async () =>
          renderImage(await read(images, sha256), { widthPx, format }),
        )
        res.type(format).send(rendered)
      },
    },
  ]
}

async function read(images: ImageReader, sha256: string): Promise<Buffer> {
  const path = await images.path(sha256)
  if (path === null) throw notFound('a stored image', sha256)
  return imageFile(path, sha256).catch((error: unknown): never => {
    const { cause } = error as Error
    const gone = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw gone ? notFound('a stored image', `${sha256}, whose file is gone`) : error
  })
}
