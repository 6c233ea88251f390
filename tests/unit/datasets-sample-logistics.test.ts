import { describe, expect, it } from 'vitest'
import { traceFactSchema } from '../../contracts/index.ts'
import { sampleIdentity, SampleLogistics } from '../../datasets/index.ts'

const at = '2026-01-05T06:00:00.000Z'
const days = (boards: number, released: (n: number) => boolean): string[] => {
  const plant = new SampleLogistics('sample')
  return Array.from({ length: boards }, (_, n) =>
    plant.after({ ...sampleIdentity(n, 1, 50), at }, released(n + 1)),
  )
    .flat()
    .map((fact) => {
      expect(traceFactSchema.parse(fact)).toEqual(fact)
      expect(fact).toMatchObject({ simulated: true, by: 'sample-line' })
      const names = { child: '', parent: '', lot: '', shipment: '', order: '', ...fact }
      return [fact.kind, names.child || names.lot, names.parent || names.shipment, names.order]
        .join(' ')
        .trim()
    })
}

describe('the plant around the sample line', () => {
  it('receives material for each lot, packs what was released, stacks boxes and ships full pallets', () => {
    const said = days(101, (n) => n !== 3)
    expect(said.slice(0, 6)).toEqual([
      'receive LAM-L0001',
      'transform lot/L0001 lot/LAM-L0001',
      'receive CUF-L0001',
      'transform lot/L0001 lot/CUF-L0001',
      'aggregate unit/SL00000001 box/B00001',
      'aggregate unit/SL00000002 box/B00001',
    ])
    expect(said.filter((s) => s.startsWith('aggregate unit/'))).toHaveLength(100)
    expect(said).not.toContain('aggregate unit/SL00000003 box/B00001')
    expect(said).toContain('aggregate box/B00012 pallet/P00003')
    expect(said.filter((s) => s.startsWith('ship'))).toEqual([
      'ship pallet/P00001 S00001 PO-00001',
      'ship pallet/P00002 S00002 PO-00001',
      'ship pallet/P00003 S00003 PO-00002',
    ])
    expect(said.filter((s) => s.startsWith('receive LAM'))).toHaveLength(3)
  })

  it('stacks no empty box', () => {
    expect(days(20, (n) => n > 8).filter((s) => s.startsWith('aggregate box/'))).toEqual([
      'aggregate box/B00002 pallet/P00001',
    ])
  })

  it('says the same under the same ids after a restart', () => {
    const ids = (): string[] =>
      new SampleLogistics('sample').after({ serial: 'SL00000007', lot: 'L0001', at }, true).map((f) => f.id)
    expect(ids()).toEqual(ids())
    expect(new Set(ids()).size).toBe(5)
  })
})
