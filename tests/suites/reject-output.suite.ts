import { afterEach, describe, expect, it } from 'vitest'
import { monoMs, uuidv7 } from '../../contracts/index.ts'
import type { RejectCommand, RejectOutput } from '../../contracts/index.ts'

/** An output under test and the other end of its wire. */
export interface GateRig {
  output: RejectOutput
  /** Lets parts pass the camera until `trigger` is the last one. */
  pass(trigger: number): Promise<void>
  /** What the gate was told about a part; null = nothing. */
  gate(trigger: number): RejectCommand['action'] | null
  lines(): { ready: boolean; fault: boolean }
}

export const rejectCommand = (
  trigger: number,
  action: RejectCommand['action'] = 'release',
  inMs = 5_000,
): RejectCommand => ({
  station: 'st1',
  trigger,
  inspectionId: uuidv7(),
  action,
  result: action === 'release' ? 'pass' : action === 'reject' ? 'fail' : 'inconclusive',
  disposition: action === 'release' ? 'release' : action === 'reject' ? 'scrap' : 'hold',
  deadlineMs: monoMs() + inMs,
})

/** What every output to a reject gate owes to the line. */
export function rejectOutputSuite(name: string, make: () => Promise<GateRig>): void {
  let rig: GateRig | null = null
  const opened = async (): Promise<GateRig> => {
    rig = await make()
    await rig.output.open()
    await expect.poll(() => rig?.output.health().connected, { timeout: 5_000 }).toBe(true)
    return rig
  }
  afterEach(() => rig?.output.close())

  describe(`reject output: ${name}`, () => {
    it('tells the gate each action for its own part, whatever the order', async () => {
      const { output, pass, gate } = await opened()
      await pass(3)
      const acks = await Promise.all(
        [rejectCommand(3, 'hold'), rejectCommand(1), rejectCommand(2, 'reject')].map((c) => output.apply(c)),
      )
      expect(acks.every((ack) => ack.ok && ack.atMs <= monoMs())).toBe(true)
      expect([1, 2, 3].map(gate)).toEqual(['release', 'reject', 'hold'])
      expect(output.health()).toMatchObject({ connected: true, applied: 3, failed: 0 })
    })

    it('refuses a command after its deadline and does not tell the gate', async () => {
      const { output, pass, gate } = await opened()
      await pass(2)
      expect(await output.apply(rejectCommand(1, 'release', -1))).toMatchObject({
        ok: false,
        code: 'INS_DEADLINE',
      })
      expect(await output.apply(rejectCommand(2))).toMatchObject({ ok: true })
      expect([1, 2].map(gate)).toEqual([null, 'release'])
      expect(output.health()).toMatchObject({ applied: 1, failed: 1 })
    })

    it('takes one result per part: the first stands', async () => {
      const { output, pass, gate } = await opened()
      await pass(1)
      expect(await output.apply(rejectCommand(1, 'reject'))).toMatchObject({ ok: true })
      expect(await output.apply(rejectCommand(1, 'release'))).toMatchObject({
        ok: false,
        code: 'CAM_HANDSHAKE',
      })
      expect(gate(1)).toBe('reject')
    })

    it('shows Ready and Fault to the line', async () => {
      const { output, lines } = await opened()
      output.setReady(true)
      await expect.poll(lines).toEqual({ ready: true, fault: false })
      output.setFault(true)
      await expect.poll(lines).toEqual({ ready: true, fault: true })
    })

    it('never rejects: before open and after close the answer is CAM_IO', async () => {
      const { output, pass, gate } = await make()
      expect(await output.apply(rejectCommand(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
      await output.open()
      await pass(1)
      await output.close()
      await output.close()
      expect(await output.apply(rejectCommand(1))).toMatchObject({ ok: false, code: 'CAM_IO' })
      expect(gate(1)).toBeNull()
    })
  })
}
