import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import modbus from 'modbus-serial'
import { afterEach, describe, expect, it } from 'vitest'
import { type PlcSimulator, type PlcSimulatorOptions, startPlcSimulator } from '../../camera/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function plcWith(over: Partial<PlcSimulatorOptions> = {}): Promise<PlcSimulator> {
  const plc = await startPlcSimulator({ gateMs: 2_000, baseRegister: 40, ...over })
  closers.push(() => plc.close())
  return plc
}

describe('PLC simulator', () => {
  it('keeps its counter over a restart', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'plc-'))
    closers.push(() => rm(dir, { recursive: true }))
    const counterFile = join(dir, 'counter')
    const plc = await plcWith({ counterFile })
    plc.trigger()
    expect(plc.trigger()).toBe(2)
    await plc.close()
    expect(await readFile(counterFile, 'utf8')).toBe('2')
    expect((await plcWith({ counterFile })).trigger()).toBe(3)
    await writeFile(counterFile, 'garbage')
    await expect(plcWith({ counterFile })).rejects.toMatchObject({ code: 'CAM_HANDSHAKE' })
  })

  it('releases only on a valid result with a known code, and guards its own registers', async () => {
    const plc = await plcWith({ gateMs: 800 })
    const client = new modbus.default()
    await client.connectTCP(plc.host, { port: plc.port })
    closers.push(() => new Promise((resolve) => client.close(() => resolve())))
    client.setID(1)
    client.setTimeout(1_000)
    plc.trigger()
    const base = plc.baseRegister
    await client.writeRegisters(base + 8, [1, 0, 0, 0, 1, 1, 0, 0]) // not valid
    await client.writeRegisters(base + 8, [1, 0, 0, 0, 1, 9, 1, 0]) // no such code
    await client.writeRegisters(base + 8, [1, 0, 0, 0, 2, 1, 1, 0]) // another part
    expect((await client.readHoldingRegisters(base, 6)).data.slice(0, 5)).toEqual([0, 1, 0, 2, 3])
    expect(plc.part(1)?.action).toBe('pending')
    await expect(client.writeRegisters(base, [9, 9])).rejects.toThrow(/address/i)
    await expect(client.readHoldingRegisters(base + 10, 20)).rejects.toThrow(/address/i)
    expect(plc.counter).toBe(1)
    await expect.poll(() => plc.part(1)?.action, { timeout: 5_000 }).toBe('default-rejected')
    await client.writeRegisters(base + 8, [1, 0, 0, 0, 1, 1, 1, 0])
    expect((await client.readHoldingRegisters(base + 2, 3)).data).toEqual([0, 1, 2])
    expect(plc.part(1)?.action).toBe('default-rejected')
  })

  it('triggers at a rate, tells what the gate did, and refuses a taken port', async () => {
    const plc = await plcWith({ gateMs: 10 })
    const gate: string[] = []
    plc.onGate((part) => gate.push(`${part.trigger} ${part.action}`))
    const stop = plc.startTriggers(100)
    await expect.poll(() => gate.length).toBeGreaterThanOrEqual(3)
    stop()
    expect(gate.slice(0, 3)).toEqual(['1 default-rejected', '2 default-rejected', '3 default-rejected'])
    await expect(plcWith({ port: plc.port })).rejects.toMatchObject({ code: 'CFG_PORT_IN_USE' })
  })
})
