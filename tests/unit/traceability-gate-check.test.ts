import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { FAILURES } from '../../traceability/proof/gate-check.ts'
import { capture, signNow, sql, temporary } from './samples/signed-log.ts'
import { gateFailed } from './samples/traceability-requests.ts'

const place = temporary()
beforeAll(() => capture(place.dir, 1, 60))
afterAll(() => place.dispose())

const firstInspection = (dir: string): string => {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const row = db.get<{ id: string }>('select inspection_id as id from inspection order by position')
  db.close()
  return row?.id ?? ''
}

describe('what a gate did not take', () => {
  it('is in the log, and cannot be made served, taken away or another command', async () => {
    const dir = place.copy()
    const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 20_000 })
    const inspectionId = firstInspection(dir)
    await store.annotate(inspectionId, { gate: gateFailed(inspectionId) })
    await store.close()
    await signNow(dir)
    expect(await verifyDataDir(dir)).toMatchObject({ state: 'intact', events: 61, findings: [] })
    for (const [change, says] of [
      [`update gate set ok = 1, ack = '{"ok":true,"atMs":1}'`, 'the record says that it was'],
      [
        `insert into gate select 'x', inspection_id, at, 1, command, '{"ok":true,"atMs":1}' from gate`,
        'says that it was',
      ],
      ['delete from gate', 'does not say so'],
      [`update gate set command = json_set(command, '$.action', 'release')`, 'does not say so'],
      [`update gate set ack = json_set(ack, '$.code', 'INS_DEADLINE')`, 'does not say so'],
    ] as const) {
      const altered = `${dir}-altered`
      rmSync(altered, { recursive: true, force: true })
      cpSync(dir, altered, { recursive: true })
      sql(altered, change)
      const { state, findings } = await verifyDataDir(altered)
      expect({ change, state }).toEqual({ change, state: 'altered' })
      expect(findings).toMatchObject([
        { kind: 'record', position: 61, detail: expect.stringContaining(says) },
      ])
    }
  })

  it('is asked for without the rows of inspections', () => {
    const db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const plan = db.all<{ detail: string }>(`explain query plan ${FAILURES}`).map((row) => row.detail)
    db.close()
    expect(plan[0]).toBe('SEARCH e USING INDEX event_subject (subject>? AND subject<?)')
    expect(plan.filter((step) => step.startsWith('SCAN'))).toEqual([])
  })
})
