import { afterEach, describe, expect, it } from 'vitest'
import { modbusOutput, startPlcSimulator } from '../../camera/index.ts'
import type { ModbusOutputOptions, PlcSimulator, PlcSimulatorOptions } from '../../camera/index.ts'
import { PlcPulse } from '../../camera/line-io/plc-pulse.ts'
import { monoMs } from '../../contracts/index.ts'
import type { RejectCommand, RejectOutput } from '../../contracts/index.ts'
import { rejectCommand as command, rejectOutputSuite } from '../suites/reject-output.suite.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function plcWith(over: Partial<PlcSimulatorOptions> = {}): Promise<PlcSimulator> {
  const plc = await startPlcSimulator({ gateMs: 2_000, baseRegister: 40, ...over })
  closers.push(() => plc.close())
  return plc
}

async function outputTo(plc: PlcSimulator, over: Partial<ModbusOutputOptions> = {}): Promise<RejectOutput> {
  const { host, port, baseRegister } = plc
  const output = modbusOutput({
    host,
    port,
    baseRegister,
    unit: 1,
    timeoutMs: 500,
    ackMs: 1_000,
    heartbeatMs: 5_000,
    freshMs: 2_000,
    ...over,
  })
  closers.push(() => output.close())
  await output.open()
  return output
}

/** Waits until the output has read the counter, so that the next trigger is announced. */
const polled = (output: RejectOutput) =>
  expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(true)

const ACTION_OF: Record<string, RejectCommand['action']> = {
  released: 'release',
  rejected: 'reject',
  held: 'hold',
}

rejectOutputSuite('modbus-tcp', async () => {
  const plc = await plcWith()
  const { host, port, baseRegister } = plc
  const timing = { timeoutMs: 500, ackMs: 1_000, heartbeatMs: 5_000, freshMs: 2_000 }
  return {
    output: modbusOutput({ host, port, baseRegister, unit: 1, ...timing }),
    pass: async (trigger) => {
      while (plc.counter < trigger) plc.trigger()
    },
    gate: (trigger) => ACTION_OF[plc.part(trigger)?.action ?? ''] ?? null,
    lines: () => ({ ready: plc.inputs().ready, fault: plc.inputs().fault }),
  }
})

describe('modbus-tcp output against a PLC', () => {
  it('announces triggers and delivers each result to its own part', async () => {
    const plc = await plcWith()
    const output = await outputTo(plc)
    await polled(output)
    output.setReady(true)
    const actions = ['release', 'reject', 'hold'] as const
    const acks: Promise<unknown>[] = []
    output.onTrigger?.((n) => {
      // Later parts are judged faster, so results arrive out of order.
      const wait = 40 - 10 * n
      acks.push(
        new Promise((resolve) => setTimeout(resolve, wait)).then(() =>
          output.apply(command(n, actions[(n - 1) % 3])),
        ),
      )
    })
    for (let n = 1; n <= 3; n++) {
      plc.trigger()
      await expect.poll(() => acks.length).toBe(n)
    }
    expect(await Promise.all(acks)).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
    expect(plc.parts().map((p) => [p.trigger, p.action])).toEqual([
      [1, 'released'],
      [2, 'rejected'],
      [3, 'held'],
    ])
    await expect.poll(() => plc.inputs()).toMatchObject({ ready: true, busy: false, resultValid: false })
    expect(output.health()).toEqual({ connected: true, applied: 3, failed: 0, lastError: null })
  })

  it('carries 200 parts without mixing up one', async () => {
    const plc = await plcWith({ gateMs: 10_000 })
    const output = await outputTo(plc)
    await polled(output)
    for (let n = 1; n <= 200; n++) plc.trigger()
    const wanted = (n: number) => (n % 7 === 0 ? 'reject' : n % 5 === 0 ? 'hold' : 'release')
    const acks = await Promise.all(
      plc.parts().map((p) => output.apply(command(p.trigger, wanted(p.trigger), 9_000))),
    )
    expect(acks.every((ack) => ack.ok)).toBe(true)
    const done = { release: 'released', reject: 'rejected', hold: 'held' }
    expect(plc.parts().filter((p) => p.action !== done[wanted(p.trigger)])).toEqual([])
  })

  it('a part without a result is rejected by default, and its late result acts on nobody', async () => {
    const plc = await plcWith({ gateMs: 60 })
    const output = await outputTo(plc)
    await polled(output)
    plc.trigger()
    await expect.poll(() => plc.part(1)?.action).toBe('default-rejected')
    plc.trigger()
    const late = await output.apply(command(1))
    expect(late).toMatchObject({ ok: false, code: 'INS_DEADLINE' })
    expect(plc.part(1)?.action).toBe('default-rejected')
    await expect.poll(() => plc.part(2)?.action).toBe('default-rejected')
  })

  it('a trigger that the PLC never counted is not actuated', async () => {
    const plc = await plcWith()
    const output = await outputTo(plc)
    await polled(output)
    plc.trigger()
    const ack = await output.apply(command(99, 'release', 100))
    expect(ack).toMatchObject({
      ok: false,
      code: 'INS_DEADLINE',
      message: expect.stringContaining('never counted'),
    })
    expect(plc.part(1)?.action).toBe('pending')
  })

  it('reports a PLC that does not acknowledge or does not answer', async () => {
    const plc = await plcWith()
    const output = await outputTo(plc, { timeoutMs: 400, ackMs: 80 })
    await polled(output)
    plc.setAcknowledging(false)
    plc.trigger()
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
    plc.setAcknowledging(true)
    plc.setAnswering(false)
    plc.trigger()
    expect(await output.apply(command(2))).toMatchObject({ ok: false, code: 'CAM_IO' })
    await expect.poll(() => output.health().connected).toBe(false)
    expect(output.health().lastError).toContain('no answer within 400 ms')
    // The circuit is open: no waiting for a time-out any more.
    const before = monoMs()
    expect(await output.apply(command(2))).toMatchObject({ ok: false, code: 'CAM_IO' })
    expect(monoMs() - before).toBeLessThan(200)
    plc.setAnswering(true)
    await polled(output)
    plc.trigger()
    expect(await output.apply(command(3))).toMatchObject({ ok: true })
  })

  it('reconnects after a cut cable and does not announce parts that have passed meanwhile', async () => {
    const plc = await plcWith()
    const output = await outputTo(plc, { timeoutMs: 100, freshMs: 600 })
    const announced: number[] = []
    output.onTrigger?.((n) => announced.push(n))
    await polled(output)
    plc.trigger()
    await expect.poll(() => announced).toEqual([1])
    plc.setAnswering(false)
    plc.dropSessions()
    plc.trigger()
    await expect.poll(() => output.health().connected).toBe(false)
    // Longer than freshMs.
    await new Promise((resolve) => setTimeout(resolve, 800))
    plc.setAnswering(true)
    await expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(true)
    plc.trigger()
    await expect.poll(() => announced.at(-1)).toBe(3)
    expect(announced).toEqual([1, 3])
    expect(output.health().lastError).toContain('trigger 2 came unseen')
  })

  it('is busy with nothing behind a lost link, but with the part whose result is still to come', async () => {
    const plc = await plcWith({ gateMs: 10_000 })
    const output = await outputTo(plc, { timeoutMs: 100 })
    const announced: number[] = []
    output.onTrigger?.((n) => announced.push(n))
    await polled(output)
    for (const n of [1, 2]) {
      plc.trigger()
      await expect.poll(() => announced).toContain(n)
    }
    await expect.poll(() => plc.inputs().busy).toBe(true)
    plc.setAnswering(false)
    plc.dropSessions()
    await expect.poll(() => output.health().connected).toBe(false)
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
    plc.setAnswering(true)
    await polled(output)
    expect(plc.inputs().busy).toBe(true)
    // It was answered; the PLC rejects that part by default.
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_HANDSHAKE' })
    expect(await output.apply(command(2, 'release', 9_000))).toMatchObject({ ok: true })
    await expect.poll(() => plc.inputs()).toMatchObject({ busy: false, resultValid: false })
    expect(plc.part(1)?.action).toBe('pending')
  })

  it('takes a PLC in STOP behind a gateway for a lost link, as long as its heartbeat stands still', async () => {
    const plc = await plcWith({ gateMs: 10_000 })
    const output = await outputTo(plc, { heartbeatMs: 800 })
    const announced: number[] = []
    output.onTrigger?.((n) => announced.push(n))
    await polled(output)
    plc.trigger()
    await expect.poll(() => announced).toEqual([1])
    // The pulse was felt, twice.
    await new Promise((resolve) => setTimeout(resolve, 700))
    plc.setRunning(false)
    const waiting = output.apply(command(1, 'release', 9_000))
    await expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(false)
    expect(output.health().lastError).toContain('heartbeat')
    expect(await waiting).toMatchObject({ ok: false, code: 'CAM_IO' })
    expect(await output.apply(command(2))).toMatchObject({ ok: false, code: 'CAM_IO' })
    plc.setRunning(true)
    await polled(output)
    plc.trigger()
    await expect.poll(() => announced).toEqual([1, 2])
  })

  it('a PLC without a heartbeat is none the worse', async () => {
    const plc = await plcWith()
    plc.setRunning(false)
    const output = await outputTo(plc, { heartbeatMs: 50 })
    await polled(output)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(output.health()).toMatchObject({ connected: true, lastError: null })
  })

  it('takes no register for a heartbeat that was written once, nor any where none is looked for', () => {
    const see = (stillMs: number, values: number[]): (string | undefined)[] => {
      const pulse = new PlcPulse(stillMs)
      const seen = values.map((value, i) => pulse.see(value, i * 1_000))
      return [...seen, pulse.see(values.at(-1) ?? 0, 60_000)].map((error) => error?.code)
    }
    expect(see(5_000, [0, 0, 1])).toEqual(Array(4).fill(undefined))
    expect(see(5_000, [0, 1, 2])).toEqual([undefined, undefined, undefined, 'CAM_IO'])
    expect(see(0, [0, 1, 2, 3])).toEqual(Array(5).fill(undefined))
  })

  it('goes on with a PLC that was replaced and counts from 0', async () => {
    const old = await plcWith()
    const { port } = old
    const output = await outputTo(old, { timeoutMs: 100 })
    const announced: [number, boolean | undefined][] = []
    output.onTrigger?.((n, anew) => announced.push([n, anew]))
    await polled(output)
    for (let n = 1; n <= 3; n++) {
      old.trigger()
      await expect.poll(() => announced.length).toBe(n)
      expect(await output.apply(command(n))).toMatchObject({ ok: true })
    }
    await old.close()
    await expect.poll(() => output.health().connected).toBe(false)
    const spare = await plcWith({ port })
    await expect.poll(() => output.health().lastError, { timeout: 5_000 }).toContain('from 3 to 0')
    spare.trigger()
    await expect.poll(() => announced.length).toBe(4)
    // The first number of a run may lie below those of an earlier one, too.
    expect(announced).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [1, true],
    ])
    expect(await output.apply(command(1, 'reject'))).toMatchObject({ ok: true })
    expect(spare.part(1)?.action).toBe('rejected')
  })

  it('starts before the PLC does', async () => {
    const first = await plcWith()
    const { port } = first
    await first.close()
    const output = await outputTo(first)
    expect(output.health()).toMatchObject({ connected: false, lastError: expect.stringContaining('CAM_IO') })
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
    await plcWith({ port })
    await polled(output)
  })

  it('keeps a heartbeat and withdraws Ready when it closes', async () => {
    const plc = await plcWith()
    const output = await outputTo(plc)
    output.setReady(true)
    output.setFault(true)
    await expect.poll(() => plc.inputs()).toMatchObject({ ready: true, fault: true })
    const { heartbeat } = plc.inputs()
    await expect.poll(() => plc.inputs().heartbeat, { timeout: 2_000 }).not.toBe(heartbeat)
    await output.close()
    await output.close()
    expect(plc.inputs()).toMatchObject({ ready: false, fault: true, resultValid: false })
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
  })
})
