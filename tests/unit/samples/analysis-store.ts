import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finding, type TraceFact, uuidv7 } from '../../../contracts/index.ts'
import { openPartStore, openTraceQuery } from '../../../traceability/index.ts'
import { BOARD_PX, drawBoard } from './dashboard-board.ts'
import { serve } from './dashboard-serve.ts'
import type { StoreServed } from './dashboard-store.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './traceability-requests.ts'

const PARTS = 240

/**
 * A dashboard over a real store with 240 judged boards. Solder paste P2 was on the station for the last third of them, and
 * only then did carrier C4 run: every fourth board of that time has a scratch, all at one place; before, one of twenty has
 * one, anywhere. Lots L1 and L2 take turns, and laminate M1 went into both.
 */
export async function serveAnalysis(webDir?: string): Promise<StoreServed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-analysis-'))
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  const line = { plant: 'p1', line: 'caps-a' }
  const tell = (fact: object) =>
    store.recordFact({ id: uuidv7(), at: at(0), by: 'qa1', ...fact } as TraceFact, line)
  for (const lot of ['P1', 'P2'])
    await tell({ kind: 'receive', lot, product: 'paste', supplier: 'tin-works' })
  const since = (2 * PARTS) / 3
  const paste = { kind: 'associate', child: 'station/st10' }
  await tell({ ...paste, parent: 'lot/P1', from: at(0), to: at(since) })
  await tell({ ...paste, parent: 'lot/P2', from: at(since) })
  const board = await drawBoard([], 62)
  const [{ meta }, size] = [request(1, passVerdict()), { widthPx: BOARD_PX, heightPx: BOARD_PX }]
  const [finding, ...others] = failVerdict().findings
  for (let n = 1; n < PARTS; n++) {
    const codes = [gs1Code(`B${n}`)]
    const isLate = n >= since
    const [x, y] = isLate ? [420 + (n % 7), 250 + (n % 5)] : [(n * 97) % 600, (n * 53) % 600]
    const scratch = { ...finding, box: [x, y, x + 20, y + 12], partXY: [x / 48, y / 48] } as Finding
    const bad = n % (isLate ? 4 : 20) === 0
    const verdict = bad ? failVerdict({ codes, findings: [scratch, ...others] }) : passVerdict({ codes })
    const judged = request(n, verdict, {
      image: board,
      context: { ...context, lot: n % 3 === 0 ? 'L1' : 'L2', supplier: 'acme' },
    })
    judged.outcome = { ...judged.outcome, ...size }
    if (meta !== null && judged.meta !== null)
      judged.meta = {
        ...judged.meta,
        format: { kind: 'raw', pixel: 'mono8', ...size },
        byteLength: board.length,
      }
    await store.capture(judged)
    const lain = { kind: 'associate', child: `unit/B${n}`, from: at(n - 0.5), to: at(n + 0.5) }
    await tell({ ...lain, parent: `carrier/${isLate ? 'C4' : `C${n % 3}`}` })
  }
  await tell({ kind: 'receive', lot: 'M1', product: 'laminate', supplier: 'glass-mill' })
  for (const lot of ['L1', 'L2']) await tell({ kind: 'transform', child: `lot/${lot}`, parent: 'lot/M1' })
  const query = openTraceQuery(dataDir)
  const served = await serve(0, {
    queries: query as never,
    images: { path: (sha256) => query.path(sha256) },
    ...(webDir === undefined ? {} : { webDir }),
  })
  return {
    ...served,
    async close() {
      await served.dashboard.close()
      query.close()
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
