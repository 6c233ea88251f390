import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type PlcSimulator, startPlcSimulator } from '../../camera/index.ts'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { lineState } from './line-state.ts'

let shop: Workshop
let plc: PlcSimulator
const running: CliProcess[] = []

beforeAll(async () => {
  shop = workshop('camera-gone')
  plc = await startPlcSimulator({ gateMs: 4_000 })
})
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})
afterAll(async () => {
  await plc.close()
  shop.remove()
})

describe('a camera that pushes its frames behind a PLC', () => {
  it('is a declared mode when it sends nothing any more, and ends it with its next frame', async () => {
    const port = await freePort()
    const camera = { adapter: 'http-push', port, staleMs: 300 }
    const reject = { adapter: 'modbus-tcp', host: plc.host, port: plc.port }
    const stations = [{ id: 'st10', camera, recipe: 'ramp@1', budgetMs: 3_000, reject }]
    const file = shop.line('gone', { stations })
    const line = await startCli(['serve', file, '--data', join(shop.dir, 'data'), '--no-supervisor'])
    running.push(line)
    await expect.poll(() => plc.inputs().ready, { timeout: 20_000 }).toBe(true)

    const degraded = async (): Promise<string[]> => (await lineState(line)).degraded.map((d) => d.id)
    const held = async (): Promise<void> => {
      const n = plc.trigger()
      await expect.poll(() => plc.part(n)?.action, { timeout: 20_000 }).not.toBe('pending')
      expect(plc.part(n)?.action).not.toBe('released')
    }
    await held()
    await held()
    expect(await degraded()).toEqual([])
    await held()
    await expect.poll(degraded, { timeout: 20_000 }).toEqual(['camera-st10'])
    // Where the PLC stopped for it, no part would show that the camera is back.
    expect(plc.inputs()).toMatchObject({ ready: true, fault: false })

    const headers = { 'content-type': 'image/png', 'x-trigger': String(plc.trigger()) }
    const body = new Uint8Array(await goodPng())
    const answer = await fetch(`http://127.0.0.1:${port}/ingest/st10`, { method: 'POST', body, headers })
    expect(answer.status).toBe(202)
    await expect.poll(degraded, { timeout: 20_000 }).toEqual([])
    expect(await stopped(line)).toBe(0)
  }, 120_000)
})
