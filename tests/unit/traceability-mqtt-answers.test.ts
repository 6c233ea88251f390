import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openEventLog, openPartStore, Relay } from '../../traceability/index.ts'
import { MqttPeer } from './samples/sink-peers.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

it('says what nobody subscribes to, once for each time, and which topic the broker denies', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-mqtt-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
  const store = await openPartStore({ dataDir, spoolAfterMs: 30_000 })
  const log = openEventLog(dataDir)
  const peer = new MqttPeer(5)
  await peer.start()
  const sink = peer.sink({ secret: 'sesame', timeoutMs: 8_000 })
  const heard: string[] = []
  const relay = new Relay({
    log,
    ledger: store,
    sink,
    takes: (type) => type === 'qe.inspection.completed.v1',
    firstRetryMs: 10,
    onChange: (what, { reason }) => heard.push(`${what} ${reason.replace(/^\S+ /, '')}`),
  })
  onTestFinished(async () => {
    await relay.close()
    sink.close()
    log.close()
    await store.close()
    await peer.stop()
  })
  for (const n of [1, 2, 3, 4, 5]) await store.capture(request(n, passVerdict({ codes: [gs1Code(`A${n}`)] })))
  for (const how of ['nobody', 'nobody'] as const) peer.next(how)
  relay.start()
  await expect.poll(() => relay.health().delivered, { timeout: 10_000 }).toBe(5)
  const topic = 'sightline/caps-a/qe.inspection.completed.v1'
  expect(heard).toEqual([`unheard ${topic}: the broker says that nobody subscribes`])
  for (const how of ['nobody', 'denied'] as const) peer.next(how)
  for (const n of [6, 7]) await store.capture(request(n, passVerdict({ codes: [gs1Code(`A${n}`)] })))
  await expect.poll(() => relay.health().delivered, { timeout: 10_000 }).toBe(7)
  expect(heard.slice(1).map((h) => h.replace(/: .*/, ''))).toEqual(
    ['unheard', 'retrying', 'delivered'].map((what) => `${what} ${topic}`),
  )
  expect(heard[2]).toMatch(/Not authorized/)
})
