import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TraceFact, uuidv7, type Verdict } from '../../contracts/index.ts'
import {
  IdentityChanges,
  openPartStore,
  openSql,
  openTraceQuery,
  type TraceQuery,
  type TraceStore,
} from '../../traceability/index.ts'
import { at, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
let query: TraceQuery
let changes: IdentityChanges
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-held-merged-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000, synchronous: 'normal' })
  query = openTraceQuery(dataDir)
  const reading = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  changes = new IdentityChanges(reading, store, line)
})
afterEach(async () => {
  changes.close()
  query.close()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const line = { plant: 'p1', line: 'caps-a' }
let clock = 1_000
const tell = (fact: object): Promise<{ id: string; position: number }> =>
  store.recordFact({ id: uuidv7(), at: at(++clock), by: 'wang', ...fact } as TraceFact, line)
const ship = (child: string) => tell({ kind: 'ship', child, shipment: 'S1' })
const pack = (child: string, parent: string, rest: object = {}) =>
  tell({ kind: 'aggregate', child, parent, ...rest })
const merge = (canonical: string, other: string) =>
  changes.change({ kind: 'merge', canonical, uris: [other], by: 'qa', reason: 'two labels' })
let trigger = 0
async function judged(serial: string, of: typeof passVerdict): Promise<string> {
  const verdict: Verdict = of({ codes: [gs1Code(serial)] })
  const asked = request(++trigger, verdict)
  await store.capture(asked)
  return asked.inspectionId
}
const held = { code: 'TRC_HELD' }

describe('what was merged is stopped as one thing', () => {
  it('a box under its other name keeps what is scrapped in it', async () => {
    await judged('F', failVerdict)
    await pack('unit/F', 'box/B2')
    await merge('box/B1', 'box/B2')
    await expect(ship('box/B1')).rejects.toMatchObject(held)
    await tell({ kind: 'disaggregate', child: 'unit/F', parent: 'box/B1' })
    await ship('box/B1')
    // It has left under both names.
    await expect(pack('unit/F', 'box/B2')).rejects.toMatchObject(held)
  })

  it('a part under its other name has the disposition of its last inspection, whatever the name', async () => {
    await judged('J2', passVerdict)
    const bad = await judged('J1', failVerdict)
    await merge('unit/J2', 'unit/J1')
    await expect(ship('unit/J2')).rejects.toMatchObject(held)
    expect((await query.unitLives('J2'))[0]?.where.disposition).toBe('scrap')
    await tell({
      kind: 'dispose',
      unit: 'unit/J2',
      disposition: 'use-as-is',
      inspection: bad,
      reason: 'a scratch of the label',
    })
    expect((await query.unitLives('J1'))[0]?.where).toMatchObject({ place: 'line', disposition: 'use-as-is' })
    await ship('unit/J2')
  })

  it('a decision under one name is shown with the inspection under the other, and can be replaced from there', async () => {
    await judged('J2', passVerdict)
    const bad = await judged('J1', failVerdict)
    await merge('unit/J2', 'unit/J1')
    const decide = (disposition: string, over: string | null) =>
      tell({ kind: 'dispose', unit: 'unit/J2', disposition, inspection: bad, over, reason: 'looked at it' })
    const { id } = await decide('use-as-is', null)
    const shown = { disposition: 'use-as-is', decision: { fact: id, by: 'wang' } }
    expect((await query.part(bad))?.row).toMatchObject(shown)
    expect((await query.recentParts({ limit: 1 }))[0]).toMatchObject(shown)
    expect((await query.bySerial('J1'))?.inspections.at(-1)).toMatchObject(shown)
    expect((await query.unitLives('J2'))[0]?.inspections.items.at(-1)).toMatchObject(shown)
    await decide('scrap', id)
    expect((await query.part(bad))?.row).toMatchObject({ disposition: 'scrap' })
  })

  it('a decision about a name that was never judged goes with the part until it is judged', async () => {
    await judged('J2', passVerdict)
    await tell({ kind: 'commission', unit: 'S1', product: 'cap' })
    await merge('unit/J2', 'unit/S1')
    await tell({ kind: 'dispose', unit: 'unit/S1', disposition: 'scrap', reason: 'dropped' })
    await expect(ship('unit/J2')).rejects.toMatchObject(held)
  })

  it('a rework told under one name counts when the part comes back under the other', async () => {
    await judged('J2', failVerdict)
    await judged('J1', passVerdict)
    await merge('unit/J2', 'unit/J1')
    await tell({ kind: 'rework', unit: 'unit/J2', reason: 'polished' })
    const again = await judged('J1', passVerdict)
    expect(await query.record(again)).toMatchObject({ reworkCount: 1 })
  })
})

it('a correction may not move a scrapped part into a box that has left', async () => {
  await judged('F', failVerdict)
  await judged('G', passVerdict)
  const first = await pack('unit/F', 'box/1')
  const second = await pack('unit/F', 'box/3', { supersedes: first.id })
  await pack('unit/G', 'box/2')
  await ship('box/2')
  await expect(pack('unit/F', 'box/2', { supersedes: second.id })).rejects.toMatchObject(held)
})
