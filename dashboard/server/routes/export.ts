import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EXPORT_FORMATS, EXPORTS, exportStream } from '../../../traceability/query/index.ts'
import { CodedError } from '../../../contracts/index.ts'
import type { RecordQueries } from '../ports.ts'
import { check, type Route } from '../route.ts'
import { z } from '../zod.ts'

const TYPE = { csv: 'text/csv; charset=utf-8', parquet: 'application/vnd.apache.parquet' } as const

const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())
  .optional()

const querySchema = z.strictObject({
  what: z.enum(EXPORTS).default('inspections'),
  format: z.enum(EXPORT_FORMATS).default('csv'),
  /** Window by start of judging, half-open; of events by their time. */
  from: time,
  to: time,
  /** `1`: CSV for a spreadsheet, with a byte order mark, and an apostrophe before names that it would change. */
  bom: z.enum(['0', '1']).default('0'),
})

/** Records of a time as a file. What breaks on the way breaks the answer off, so that half a file is seen to be one. */
export function exportRoutes(queries: RecordQueries): Route[] {
  return [
    {
      method: 'get',
      path: '/api/export',
      tag: 'parts',
      summary: {
        zh: '导出检测、缺陷、测量或事件(CSV、Parquet)',
        en: 'Inspections, defects, measurements or events as CSV or Parquet',
      },
      query: querySchema,
      contentType: 'text/csv',
      response: z.string(),
      otherTypes: { [TYPE.parquet]: z.string().meta({ format: 'binary' }) },
      async run(req, res) {
        const { what, format, from, to, bom } = check(querySchema, req.query, 'query')
        if (req.httpVersion === '1.0') throw tooOld()
        const bytes = exportStream((ask) => queries.exportPage(ask), {
          what,
          format,
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(bom === '1' && { bom: true }),
        })
        res.set({
          'Content-Type': TYPE[format],
          'Content-Disposition': `attachment; filename="${what}.${format}"`,
          'Cache-Control': 'no-store',
        })
        try {
          // Which would close the connection when the first page fails.
          await pipeline(Readable.from(bytes), res, { end: false })
          res.end()
        } catch (error) {
          // Nothing has left yet: the failure can still be told as one.
          if (!res.headersSent) throw error
          res.destroy()
        }
      },
    },
  ]
}

/** It knows no chunks: a file whose length nobody knows beforehand looks whole wherever it ends. */
const tooOld = (): CodedError =>
  new CodedError('API_REQUEST', {
    expected: 'HTTP/1.1, by which half a file is seen to be one',
    actual: 'HTTP/1.0',
    hint: 'nginx asks so unless told otherwise: proxy_http_version 1.1;',
    zh: {
      expected: 'HTTP/1.1,以便识别不完整的文件',
      hint: 'nginx 默认如此,请设置:proxy_http_version 1.1;',
    },
  })
