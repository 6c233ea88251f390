import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-path-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Life {
  units: {
    where: { place: string; pallet: string | null; shipment: string | null; order: string | null }
    backward: { items: { name: string }[] }
    forward: { items: { name: string }[] }
  }[]
}
interface Parts {
  parts: { serial: string; disposition: string }[]
}

describe('the sample line', () => {
  it('leads from the DataMatrix in the picture to lot, supplier, shipment and order', async () => {
    const line = await startCli(['demo', '--no-supervisor', '--data', dir, '--port', '0', '--workers', '1'])
    try {
      const released = async (): Promise<string[]> =>
        (await asked<Parts>(line, '/api/parts?limit=200')).parts
          .filter((p) => p.disposition === 'release')
          .map((p) => p.serial)
      const unit = async (serial: string) => (await asked<Life>(line, `/api/parts/${serial}/life`)).units[0]
      // On a busy machine the gate may not take one that was released: it is held then, and another is shipped.
      const shipped = async (): Promise<string | null> => {
        for (const serial of (await released()).toReversed().slice(0, 8))
          if ((await unit(serial))?.where.place === 'shipped') return serial
        return null
      }
      // Four boxes of eight boards at two boards a second.
      await expect.poll(shipped, { timeout: 150_000, interval: 500 }).not.toBeNull()
      const serial = (await shipped()) ?? ''
      const life = await unit(serial)
      // Which ones they are depends on how many boards a busy machine held before.
      const { pallet, shipment, order } = life?.where ?? {}
      const number = /^pallet\/P(0000\d)$/.exec(pallet ?? '')?.[1]
      expect(shipment).toBe(`shipment/S${number}`)
      expect(order).toMatch(/^order\/PO-0000\d$/)
      const names = [...(life?.backward.items ?? []), ...(life?.forward.items ?? [])].map((i) => i.name)
      const lot = names.find((name) => /^lot\/L000\d$/.test(name))?.slice('lot/'.length)
      for (const name of [`lot/LAM-${lot}`, 'supplier/foil-mill', 'customer/drives-ltd'])
        expect(names).toContain(name)
      expect(names.filter((name) => /^box\/B000\d\d$/.test(name))).toHaveLength(1)
      expect(await stopped(line)).toBe(0)
      const text = await runCli(['trace', serial, '--data', dir, '--lang', 'zh'])
      expect(text.stdout).toContain(`所在: 已发货 ${shipment}`)
      const recall = await runCli(['recall', `lot/LAM-${lot}`, '--data', dir, '--format', 'csv'])
      const row = recall.stdout.split('\r\n').find((r) => r.startsWith(`${serial},`))
      expect(row).toContain(`${pallet},${shipment},customer/drives-ltd,${order}`)
      expect((await runCli(['verify', dir])).code).toBe(0)
    } finally {
      line.child.kill('SIGKILL')
    }
  }, 200_000)
})
