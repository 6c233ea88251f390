import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SqlDatabase } from '../../contracts/index.ts'
import { openSql, verifyDataDir } from '../../traceability/index.ts'
import { checkImages } from '../../traceability/proof/image-check.ts'
import { Findings } from '../../traceability/proof/report.ts'
import { capture, deleteImages, signNow, temporary } from './samples/signed-log.ts'

let data: ReturnType<typeof temporary>
beforeEach(async () => {
  data = temporary()
  await capture(data.dir, 1, 9)
  await signNow(data.dir)
})
afterEach(() => data.dispose())

const open = (dir: string): SqlDatabase =>
  openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })

describe('a line that goes on while it is checked', () => {
  it.each([
    ['takes back a link', 'delete from edge where position = 2'],
    ['counts on', 'update log_tree set size = size + 1'],
  ])('%s: what is compared is of one moment', async (_, statement) => {
    const line = openSql(join(data.dir, 'trace.db'), { synchronous: 'normal' })
    const report = await verifyDataDir(data.dir, {
      onProgress: (task) => void (task === 'events' && line.exec(statement)),
    })
    line.close()
    expect(report.findings).toEqual([])
    expect((await verifyDataDir(data.dir)).state).toBe('altered')
  })

  it('deletes an image before its file is read', async () => {
    const before = open(data.copy())
    const [image] = before.all<{ sha256: string }>('select sha256 from image limit 1')
    await deleteImages(data.dir, [image?.sha256 ?? ''])
    const after = open(data.dir)
    const db: SqlDatabase = Object.assign(Object.create(after) as SqlDatabase, {
      get: after.get.bind(after),
      // What was to be looked at was read before.
      all: (sql: string, ...values: string[]) =>
        (sql.includes('from image') ? before : after).all(sql, ...values),
    })
    const total = before.get<{ n: number }>('select count(*) as n from image')?.n ?? 0
    const findings = new Findings()
    const checked = await checkImages(db, data.dir, new Map(), findings, () => undefined)
    before.close()
    after.close()
    expect(findings.list).toEqual([])
    expect(checked).toEqual({ checked: total - 1, deletedByRetention: 1 })
  })
})
