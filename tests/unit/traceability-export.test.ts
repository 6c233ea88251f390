import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvRow, type ExportOptions, exportStream, openPartStore } from '../../traceability/index.ts'
import { openTraceQuery, type TraceQuery } from '../../traceability/query/index.ts'
import { parseCsv } from '../../scenarios/index.ts'
import { at, context, failVerdict, passVerdict, plainCode, request } from './samples/traceability-requests.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-export-'))
const COUNT = 2_300
let query: TraceQuery

beforeAll(async () => {
  const store = await openPartStore({ dataDir: dir, spoolAfterMs: 60_000 })
  for (let n = 1; n <= COUNT; n += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, COUNT - n + 1) }, (_, i) => {
        const codes = [plainCode(n + i === 5 ? '=SN5+1' : `SN${n + i}`)]
        return store.capture({
          ...request(n + i, (n + i) % 3 === 0 ? failVerdict({ codes }) : passVerdict({ codes })),
          image: null,
          ...(n + i === 5 && { context: { ...context, lot: '@批次,"一"' } }),
        })
      }),
    )
  await store.close()
  query = openTraceQuery(dir)
}, 120_000)
afterAll(() => {
  query.close()
  rmSync(dir, { recursive: true, force: true })
})

async function file(name: string, o: ExportOptions): Promise<string> {
  const path = join(dir, name)
  const pieces: Uint8Array[] = []
  for await (const piece of exportStream((ask) => query.exportPage(ask), o)) pieces.push(piece)
  writeFileSync(path, Buffer.concat(pieces))
  return path
}
const parquet = async (path: string): Promise<Record<string, unknown>[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(path) })

describe('export', () => {
  it('guards cells that a spreadsheet would take for formulas, and leaves numbers alone', () => {
    expect(csvRow(['=1+1', '+86', '-5', '@x', '\tx', 'a,b', 'say "x"', '', null, -5, 1e-7])).toBe(
      `'=1+1,'+86,'-5,'@x,'\tx,"a,b","say ""x""",,,-5,1e-7\r\n`,
    )
    expect(csvRow(['＝1', '＋1', '－1', '＠x', '一＝1'])).toBe("'＝1,'＋1,'－1,'＠x,一＝1\r\n")
  })

  it('leaves no name for a spreadsheet to take for a number or a date, and other programs every name as it is', () => {
    const changed = ['0001234', '12345678901234567890', '1234567890123456', '12E5', '1.10', '.5', '12-05']
    const dates = ['2026-01', '3/4', '1.2.3', 'MAR1', 'MARC1', '1-mar', 'September 2', 'dec-12']
    const kept = [
      '1234',
      '0',
      '1.5',
      'SN01',
      '0x1F',
      '1-2-3-4',
      'MARBLE12-7',
      'Mark',
      'May',
      'MARK0001',
      'NOVA-12',
      '2026-12-01T03:59:17.021Z',
      '22:00',
    ]
    expect(csvRow([...changed, ...dates], true)).toBe(
      `${[...changed, ...dates].map((t) => `'${t}`).join(',')}\r\n`,
    )
    expect(csvRow([...kept, 7, -5, 0.3986293375492096, 1e-7], true)).toBe(
      `${kept.join(',')},7,-5,0.3986293375492096,1e-7\r\n`,
    )
    // What LibreOffice 25.2 makes -12, 5, -5, 0.5, 1.5, 5 and times of ("detect special numbers", English).
    const figures = ['(12)', '5.', '0005-', '50%', '1 1/2', '$5', '1:2', '3 PM', '3PM']
    expect(csvRow(figures, true)).toBe(`${figures.map((t) => `'${t}`).join(',')}\r\n`)
    expect(csvRow(['1,234', '12,5'], true)).toBe(`"'1,234","'12,5"\r\n`)
    const names = ['A(12)', '5PX', '12A', '1.2.3.4', '50%A', '(01)09506000134352', '09:30:15']
    expect(csvRow([...names, ...figures])).toBe(`${[...names, ...figures].join(',')}\r\n`)
    expect(csvRow(names, true)).toBe(`${names.join(',')}\r\n`)
    // Of a row in the store of a plant: the last of its 16 digits tells it from the next.
    expect(csvRow([2026120000000001, '=1+1', 'a,b'], true)).toBe(`'2026120000000001,'=1+1,"a,b"\r\n`)
    expect(csvRow([...changed, ...dates, 2026120000000001])).toBe(
      `${[...changed, ...dates].join(',')},2026120000000001\r\n`,
    )
  })

  it('gives every inspection once, over pages, in order of time', async () => {
    const rows = parseCsv(readFileSync(await file('i.csv', { what: 'inspections', format: 'csv' }), 'utf8'))
    expect(rows).toHaveLength(COUNT)
    expect(rows.map((r) => Number(r['trigger']))).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1))
    expect(rows[2]).toMatchObject({
      serial: 'SN3',
      result: 'fail',
      disposition: 'scrap',
      defects: 1,
      line: 'caps-a',
    })
    expect([rows[4]?.['serial'], rows[4]?.['lot']]).toEqual([`'=SN5+1`, `'@批次,"一"`])
  })

  it('keeps to the window, and begins with a byte order mark when asked to', async () => {
    const path = await file('w.csv', { what: 'defects', format: 'csv', from: at(6), to: at(12), bom: true })
    const text = readFileSync(path, 'utf8')
    expect(text.startsWith('\uFEFFposition,inspectionId,')).toBe(true)
    const rows = parseCsv(text.slice(1))
    expect(rows.map((r) => [r['serial'], r['class'], r['areaMm2']])).toEqual([
      ['SN6', 'scratch', 1.2],
      ['SN9', 'scratch', 1.2],
    ])
  })

  it('writes Parquet that another reader reads, types and nulls included', async () => {
    const rows = await parquet(await file('m.parquet', { what: 'measurements', format: 'parquet' }))
    expect(rows).toHaveLength(Math.floor(COUNT / 3))
    expect(rows[0]).toMatchObject({
      characteristic: 'gapMm',
      value: 1.51,
      lsl: 1.4,
      target: null,
      startedAt: new Date(at(3)),
    })
    const events = await parquet(await file('e.parquet', { what: 'events', format: 'parquet' }))
    expect(events.map((e) => e['position'])).toEqual(events.map((_, i) => BigInt(i + 1)))
    expect(JSON.parse(String(events[0]?.['json']))).toMatchObject({ type: 'qe.inspection.completed.v1' })
    const none = await parquet(
      await file('n.parquet', { what: 'inspections', format: 'parquet', from: at(9_999) }),
    )
    expect(none).toEqual([])
    // DuckDB 2.0 has it as TIMESTAMP WITH TIME ZONE by this mark alone, Polars 2.1 as Datetime of UTC.
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(join(dir, 'm.parquet')))
    expect(schema.find(({ name }) => name === 'startedAt')).toMatchObject({
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true },
    })
  })

  it('holds a page at a time, however long the export is', async () => {
    let pages = 0
    const page = (): { rows: string[][]; next: { at: string; position: number } | null } => ({
      rows: Array.from({ length: 1_000 }, (_, i) => [String(pages * 1_000 + i), 'x'.repeat(200)]),
      next: ++pages < 600 ? { at: '', position: pages } : null,
    })
    const before = process.memoryUsage.rss()
    let bytes = 0
    for await (const piece of exportStream(page, { what: 'inspections', format: 'csv' }))
      bytes += piece.length
    expect(bytes).toBeGreaterThan(120e6)
    expect(process.memoryUsage.rss() - before).toBeLessThan(150e6)
  })

  const python = spawnSync('python3', ['-c', 'import pyarrow'], { stdio: 'ignore' }).status === 0
  it.skipIf(!python)('is read by pyarrow (skipped where it is not installed)', async () => {
    const path = await file('p.parquet', { what: 'inspections', format: 'parquet' })
    const script = `import pyarrow.parquet as p; t = p.read_table('${path}'); print(t.num_rows, t.schema.field('startedAt').type, t['serial'][2])`
    const { stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8' })
    expect(stdout.trim()).toBe(`${COUNT} timestamp[ms, tz=UTC] SN3`)
  })
})
