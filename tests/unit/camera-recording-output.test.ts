import { describe, expect, it } from 'vitest'
import { createRejectOutput, recordingOutput } from '../../camera/index.ts'
import { rejectCommand as command, rejectOutputSuite } from '../suites/reject-output.suite.ts'

rejectOutputSuite('recording', async () => {
  const output = recordingOutput()
  return {
    output,
    pass: async () => {},
    gate: (trigger) => output.commands().find((c) => c.trigger === trigger)?.action ?? null,
    lines: () => output.lines(),
  }
})

describe('recording output', () => {
  it('keeps what was in time, refuses what was late, forgets the oldest', async () => {
    const seen: boolean[] = []
    const output = recordingOutput({ keep: 2, onCommand: (_, ack) => seen.push(ack.ok) })
    expect(await output.apply(command(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
    await output.open()
    expect(await output.apply(command(1))).toMatchObject({ ok: true })
    expect(await output.apply(command(2, 'release', -5))).toMatchObject({ ok: false, code: 'INS_DEADLINE' })
    await output.apply(command(3))
    await output.apply(command(4, 'hold'))
    expect(output.commands().map((c) => c.trigger)).toEqual([3, 4])
    expect(seen).toEqual([false, true, false, true, true])
    expect(output.health()).toMatchObject({ applied: 3, failed: 2 })
    output.setReady(true)
    expect(output.lines()).toEqual({ ready: true, fault: false })
  })

  it('comes from the registry, like the PLC', () => {
    expect(createRejectOutput({ adapter: 'recording' }).adapter).toBe('recording')
    const plc = createRejectOutput({
      adapter: 'modbus-tcp',
      host: '127.0.0.1',
      port: 502,
      unit: 1,
      baseRegister: 0,
      timeoutMs: 200,
      ackMs: 500,
      heartbeatMs: 5_000,
    })
    expect(plc.adapter).toBe('modbus-tcp')
  })
})
