import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CaptureRequest,
  type CodeRead,
  noVerdict,
  type Recipe,
  uuidv7,
  type Verdict,
} from '../../contracts/index.ts'
import { compileRules } from '../../inspection/index.ts'
import { openPartStore } from '../../traceability/index.ts'

const PARTS = 2_000
/** Parts in flight at once, as with two workers and a little queue. */
const TOGETHER = 4

/** CPU of rules, event and store per part, ms: everything but image files. */
export async function bookkeepingCpuMs(recipe: Recipe): Promise<{ rules: number; store: number }> {
  const verdict = sampleVerdict()
  const rules = compileRules(recipe)
  const facts = { ...verdict, context: { line: 'l', plant: 'p', station: 's', product: 'x', shift: 'day' } }
  for (let n = 0; n < 500; n++) rules.evaluate(facts)
  let cpu = process.cpuUsage()
  for (let n = 0; n < PARTS; n++) rules.evaluate(facts)
  let used = process.cpuUsage(cpu)
  const rulesMs = (used.user + used.system) / 1000 / PARTS

  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const store = await openPartStore({ dataDir: dir, spoolAfterMs: 10_000 })
  let trigger = 0
  const write = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += TOGETHER)
      await Promise.all(Array.from({ length: TOGETHER }, () => store.capture(request(++trigger, verdict))))
  }
  await write(200)
  cpu = process.cpuUsage()
  await write(PARTS)
  used = process.cpuUsage(cpu)
  await store.close()
  rmSync(dir, { recursive: true, force: true })
  return { rules: rulesMs, store: (used.user + used.system) / 1000 / PARTS }
}

/** GTIN 09506000134352 is of GS1's own example company. */
const codeOf = (serial: number): CodeRead => ({
  tool: 'c',
  ok: true,
  symbology: 'DataMatrix',
  symbologyId: ']d2',
  text: `010950600013435221SER-${serial}`,
  corners: [],
})

function sampleVerdict(): Verdict {
  return {
    ...noVerdict(
      { id: 'bench@1', sha256: 'a'.repeat(64) },
      { reason: 'tool', code: 'INS_TOOL', message: '' },
    ),
    noVerdict: null,
    result: 'fail',
    disposition: 'rework',
    findings: [0, 1].map((n) => ({
      id: `m/${n}`,
      tool: 'm',
      use: 'model@1',
      class: 'open',
      score: 0.9,
      box: [10, 10, 40, 40] as const,
      areaPx: 900,
      rois: [],
      modelSha256: 'b'.repeat(64),
    })),
    defects: ['m/0', 'm/1'],
    codes: [codeOf(1)],
  }
}

function request(trigger: number, verdict: Verdict): CaptureRequest {
  const now = new Date().toISOString()
  return {
    inspectionId: uuidv7(),
    station: 's',
    trigger,
    attempt: 1,
    runType: 'production',
    meta: null,
    image: null,
    context: { line: 'l', plant: 'p', station: 's', product: 'x', lot: 'L1', supplier: 'S1', shift: 'day' },
    product: { id: 'x', revision: 'A' },
    identity: 'optional',
    identityTools: ['c'],
    outcome: {
      verdict: { ...verdict, codes: [codeOf(trigger)] },
      timing: {
        queueMs: 0,
        decodeMs: 1,
        gateMs: 1,
        toolsMs: { m: 20 },
        inferMs: 20,
        ruleMs: 0.1,
        totalMs: 23,
      },
      widthPx: 640,
      heightPx: 640,
      worker: 'local/0',
    },
    budgetMs: 100,
    startedAt: now,
    endedAt: now,
  }
}
