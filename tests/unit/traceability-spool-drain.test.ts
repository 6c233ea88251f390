import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CodedError, type SqlDatabase, uuidv7 } from '../../contracts/index.ts'
import { openPartStore, openSql } from '../../traceability/index.ts'
import { Spool } from '../../traceability/store/spool.ts'
import { formatLine, type SpoolEntry } from '../../traceability/store/spool-line.ts'
import { at, context, gateFailed, passVerdict, RECIPE, request } from './samples/traceability-requests.ts'

let dataDir: string
let other: SqlDatabase | null = null
const said: CodedError[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-spool-drain-'))
  said.length = 0
})
afterEach(() => {
  other?.close()
  other = null
  rmSync(dataDir, { recursive: true, force: true })
})

/** Three judged triggers whose records wait in the spool, since another program holds the database. */
async function spooling() {
  // Announced with patience: on a busy machine these would be late, too, and wait in the spool.
  const patient = await openPartStore({ dataDir, spoolAfterMs: 60_000 })
  for (const trigger of [1, 2, 3]) await patient.openTrigger({ station: 'st10', trigger, at: at(trigger) })
  await patient.close()
  const store = await openPartStore({
    dataDir,
    spoolAfterMs: 50,
    drainEveryMs: 600_000,
    onAlarm: (e) => said.push(e),
  })
  other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
  other.exec('begin immediate')
  for (const n of [1, 2, 3])
    expect(await store.capture(request(n, passVerdict()))).toMatchObject({ durable: 'spool' })
  await vi.waitFor(() => expect(store.health().queued).toBe(0), { timeout: 30_000 })
  // On a machine without a core to spare the announcements, too.
  expect(store.health().spooled).toBeGreaterThanOrEqual(3)
  said.length = 0
  return store
}

const inSpool = (): string[] => readdirSync(join(dataDir, 'spool'))
const close = { trigger: 4, attempt: 1 }

describe('records that wait in the spool', () => {
  it('keep their verdicts when the triggers behind them are closed as interrupted', async () => {
    const store = await spooling()
    // Not as long as they cannot be stored: their triggers were judged.
    await expect(store.closeInterrupted('st10', close, RECIPE, context)).rejects.toMatchObject({
      code: 'TRC_SPOOLED',
      message: expect.stringMatching(/[3-6] waiting in the spool/),
    })
    other?.exec('rollback')
    expect(await store.closeInterrupted('st10', close, RECIPE, context)).toBe(0)
    expect(await store.balance()).toMatchObject([{ triggers: 3, verdicts: 3, noVerdicts: 0, closed: true }])
    expect(inSpool()).toEqual([])
    await store.close()
  }, 60_000)

  it('are stored when the line stops, and what cannot be is said', async () => {
    const store = await spooling()
    other?.exec('rollback')
    await store.close()
    expect(said).toEqual([])
    expect(inSpool()).toEqual([])

    dataDir = join(dataDir, 'second')
    const stuck = await spooling()
    await stuck.close()
    expect(said.filter((e) => e.code === 'TRC_SPOOLED')).toMatchObject([
      { message: expect.stringMatching(/[3-6] waiting in the spool.*the next start delivers them/) },
    ])
    // A start that is refused for them is not held up by another try.
    said.length = 0
    await expect(openPartStore({ dataDir, onAlarm: (e) => said.push(e) })).rejects.toMatchObject({
      code: 'TRC_WRITE',
    })
    expect(said.filter((e) => e.code === 'TRC_SPOOLED')).toEqual([])
    other?.exec('rollback')
    const next = await openPartStore({ dataDir })
    expect(await next.balance()).toMatchObject([{ triggers: 3, verdicts: 3, closed: true }])
    await next.close()
  }, 120_000)
})

it('a note in the spool brings no other event into the log than what a gate did not take', async () => {
  const note = (failed: object): SpoolEntry => {
    const inspectionId = uuidv7()
    const gate = gateFailed(inspectionId)
    const changed = { ...gate, failed: { ...gate.failed, ...failed } }
    return { op: 'annotate', ask: { id: uuidv7(), at: at(1), inspectionId, note: { gate: changed } } }
  }
  const entries = [
    note({}),
    note({ type: 'qe.hold.released.v1', data: { target: 'lot/M1' } }),
    note({ data: { nothing: 'of the kind' } }),
  ]
  mkdirSync(join(dataDir, 'spool'), { recursive: true })
  const lines = entries.map((entry) => formatLine({ entry, image: null })).join('')
  writeFileSync(join(dataDir, 'spool', `${uuidv7()}.jsonl`), lines)
  const store = await openPartStore({ dataDir, onAlarm: (e) => said.push(e) })
  await store.close()
  expect(said.map((e) => e.code)).toEqual(['EVT_SCHEMA', 'EVT_SCHEMA'])
  other = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  expect(other.all('select type from event')).toEqual([{ type: 'qe.gate.failed.v1' }])
  expect(other.all('select ok from gate')).toEqual([{ ok: 0 }])
})

it('what is rejected is kept once, however often the store does not take what stands behind it', async () => {
  const dir = join(dataDir, 'spool')
  const spool = await Spool.open(dir)
  for (const trigger of [1, 2])
    await spool.append({ op: 'openTrigger', ask: { station: 'st10', trigger, at: at(1) } })
  await spool.close()
  const [file = ''] = inSpool()
  appendFileSync(join(dir, file), '{"cut')
  let full = true
  const round = () =>
    spool.drain(
      (entry) => {
        if (entry.op === 'openTrigger' && entry.ask.trigger === 1) throw new CodedError('EVT_SCHEMA')
        return full ? Promise.reject(new CodedError('TRC_DISK_FULL')) : Promise.resolve()
      },
      (error) => said.push(error),
    )
  const rejected = () => readFileSync(join(dir, 'rejected.jsonl'), 'utf8').trimEnd().split('\n')
  for (let n = 0; n < 3; n++) await expect(round()).rejects.toMatchObject({ code: 'TRC_DISK_FULL' })
  full = false
  await round()
  expect(said.map((e) => e.code)).toEqual(['TRC_SPOOL', 'EVT_SCHEMA'])
  expect(rejected()).toHaveLength(2)
  // The same in another file is another one.
  await spool.append({ op: 'openTrigger', ask: { station: 'st10', trigger: 1, at: at(1) } })
  await round()
  expect(rejected()).toHaveLength(3)
})
