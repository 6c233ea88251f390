import { expect, it } from 'vitest'
import { openEventLog, type TraceStore } from '../../traceability/index.ts'
import { context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
storeForEach((open) => ({ dataDir, store } = open))

it('tells the newest inspection of a unit at one station', async () => {
  const codes = [gs1Code('A')]
  const said = { en: 'NG-1: judged pass, expected fail', zh: 'NG-1:判为合格,应判为不合格' }
  const at = (n: number, station: string, verdict: ReturnType<typeof passVerdict>) =>
    store.capture({ ...request(n, verdict), station, context: { ...context, station } })
  await at(1, 'st10', failVerdict({ codes }))
  await at(2, 'st10', passVerdict({ codes, reasons: [said] }))
  await at(3, 'st20', passVerdict({ codes }))
  const asked = request(2, passVerdict({ codes }))
  const log = openEventLog(dataDir, (listener) => store.onAppend(listener))
  try {
    expect(log.newestInspection('https://id.gs1.org/01/09506000134352/21/A', 'st10')).toEqual({
      position: 2,
      trigger: 2,
      endedAt: asked.endedAt,
      recipeSha256: asked.outcome.verdict.recipeSha256,
      reasons: [said],
    })
    expect(log.newestInspection('https://id.gs1.org/01/09506000134352/21/A', 'st40')).toBeNull()
  } finally {
    log.close()
  }
})
