import { writeSync } from 'node:fs'
import '../../from-build.ts'
import { openPartStore } from '../../../traceability/index.ts'
import { context, failVerdict, gs1Code, passVerdict, RECIPE, request } from './traceability-requests.ts'

// Judges parts as fast as the store takes them, some at a time, and says which ones were acknowledged, until killed.
const [, , dataDir = '', lanes = '8', url, schema = ''] = process.argv
const store = await openPartStore({
  dataDir,
  spoolAfterMs: 60_000,
  ...(url !== undefined && { database: { url, schema } }),
})
const last = (await store.lastTrigger('st10'))?.trigger ?? 0
await store.closeInterrupted('st10', { trigger: last + 1, attempt: 1 }, RECIPE, context)
let next = last + 1

/** Before it returns the line is in the pipe, where a kill cannot take it back; waits while the pipe is full. */
function say(line: string): void {
  try {
    writeSync(1, line)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    say(line)
  }
}

async function lane(): Promise<void> {
  for (;;) {
    const trigger = next++
    const verdict = trigger % 3 === 0 ? failVerdict({ codes: [gs1Code(`S${trigger}`, 'L1')] }) : passVerdict()
    const r = request(trigger, verdict)
    void store.openTrigger({ station: 'st10', trigger, at: r.startedAt })
    const ack = await store.capture(r)
    say(`${trigger} ${ack.inspectionId} ${ack.serial} ${ack.sequence}\n`)
  }
}
await Promise.all(Array.from({ length: Number(lanes) }, lane))
