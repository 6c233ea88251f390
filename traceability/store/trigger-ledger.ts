import { CodedError, noVerdict, type PartContext, type SqlDatabase, uuidv7 } from '../../contracts/index.ts'
import type { CaptureRecord } from './record-codec.ts'

/** More lost triggers than this at one restart means that the counter was reset or mistyped, not that parts passed. */
const MAX_GAP = 100_000

export interface Interruption {
  station: string
  nextTrigger: number
  recipe: { id: string; sha256: string }
  context: PartContext
}

export function openTrigger(db: SqlDatabase, t: { station: string; trigger: number; at: string }): void {
  db.run(
    `insert into part_trigger (station, number, at, state) values (?, ?, ?, 'open') on conflict do nothing`,
    t.station,
    t.trigger,
    t.at,
  )
}

export function lastTrigger(db: SqlDatabase, station: string): number | null {
  const row = db.get<{ last: number | null }>(
    'select max(number) as last from part_trigger where station = ?',
    station,
  )
  return row?.last ?? null
}

/**
 * No-verdict captures for every trigger below `nextTrigger` that was announced and never judged, and for every number
 * the counter skipped since the first one known. The caller writes them.
 *
 * @throws EVT_SEQUENCE when more than 100,000 are missing
 */
export function interruptedRecords(db: SqlDatabase, i: Interruption, now: string): CaptureRecord[] {
  const rows = db.all<{ number: number; at: string; state: string }>(
    'select number, at, state from part_trigger where station = ? and number < ? order by number',
    i.station,
    i.nextTrigger,
  )
  const records: CaptureRecord[] = []
  let expected = rows[0]?.number ?? i.nextTrigger
  const missing = (until: number): void => {
    if (until - expected + records.length > MAX_GAP) {
      throw new CodedError('EVT_SEQUENCE', {
        expected: `trigger ${expected} of station ${i.station}, or at most ${MAX_GAP} lost ones`,
        actual: `trigger ${until}`,
        hint: 'check the trigger counter of the device: it was reset or read wrongly',
      })
    }
    for (; expected < until; expected++) records.push(interrupted(i, expected, now, now))
  }
  for (const row of rows) {
    missing(row.number)
    if (row.state === 'open') records.push(interrupted(i, row.number, row.at, now))
    expected = row.number + 1
  }
  missing(i.nextTrigger)
  return records
}

function interrupted(i: Interruption, trigger: number, at: string, now: string): CaptureRecord {
  const verdict = noVerdict(i.recipe, {
    reason: 'interrupted',
    code: 'INS_INTERRUPTED',
    message: `trigger ${trigger} of station ${i.station} was not judged before the system stopped`,
  })
  return {
    inspectionId: uuidv7(),
    station: i.station,
    trigger,
    attempt: 1,
    runType: 'production',
    meta: null,
    context: i.context,
    product: { id: i.context.product, revision: '' },
    identity: 'none',
    identityTools: [],
    outcome: {
      verdict,
      timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 },
      widthPx: 0,
      heightPx: 0,
      worker: 'store',
    },
    budgetMs: 0,
    startedAt: at,
    endedAt: now,
  }
}
