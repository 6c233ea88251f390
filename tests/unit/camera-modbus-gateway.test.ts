import { expect, it } from 'vitest'
import { modbusOutput } from '../../camera/index.ts'
import { serveRegisters } from '../../camera/line-io/modbus-server.ts'
import { encodePlc } from '../../camera/line-io/register-map.ts'

/** A gateway that answers 0xFFFF in all registers while the PLC behind it does not answer. */
it('takes registers of nothing but 0xFFFF for no answer, and not for part 4294967295', async () => {
  let counter = 880
  let away = false
  const server = await serveRegisters(
    { host: '127.0.0.1', port: 0 },
    {
      read: (address, words) => {
        const block = encodePlc({ trigger: counter, ackTrigger: counter, ackCode: 1, heartbeat: 0 })
        return Array.from({ length: words }, (_, n) => (away ? 0xffff : (block[address + n] ?? 0)))
      },
      write: () => undefined,
      mute: () => false,
    },
  )
  const output = modbusOutput({
    host: '127.0.0.1',
    port: server.port,
    baseRegister: 0,
    unit: 1,
    timeoutMs: 500,
    ackMs: 1_000,
    heartbeatMs: 5_000,
    freshMs: 2_000,
  })
  const announced: number[] = []
  output.onTrigger?.((n) => announced.push(n))
  const connected = (is: boolean) => expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(is)
  try {
    await output.open()
    await connected(true)
    away = true
    await connected(false)
    expect(output.health().lastError).toContain('found 0xFFFF in each')
    away = false
    await connected(true)
    counter += 1
    await expect.poll(() => announced, { timeout: 5_000 }).toEqual([881])
  } finally {
    await output.close()
    await server.close()
  }
})
