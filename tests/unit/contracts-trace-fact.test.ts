import { expect, it } from 'vitest'
import { traceFactSchema } from '../../contracts/index.ts'

const base = { id: '0198c0de-0000-7000-8000-000000000001', at: '2026-01-05T06:00:00.000Z', by: 'li' }
const receipt = { ...base, kind: 'receive', lot: 'M9', product: 'resin', supplier: 'acme' }
const hold = { ...base, kind: 'hold', target: 'lot/M9', reason: 'colour' }

it('takes these facts as they are', () => {
  for (const fact of [receipt, { ...receipt, quantity: 2, uom: 'KGM', reference: 'D-1' }, hold])
    expect(traceFactSchema.parse(fact)).toEqual(fact)
})

it.each([
  ['a name', { ...receipt, lot: 'M\0' }, 'lot'],
  ['a name of half a character', { ...receipt, supplier: 'ac\ud800me' }, 'supplier'],
  ['a unit of measure', { ...receipt, quantity: 2, uom: 'K\0' }, 'uom'],
  ['a reference', { ...receipt, reference: '\0' }, 'reference'],
  ['who states it', { ...hold, by: 'l\0i' }, 'by'],
  ['a reason', { ...hold, reason: 'x\0y' }, 'reason'],
  ['a thing', { ...hold, target: 'lot/\0' }, 'target'],
])('refuses what no column of text holds in %s, and names it', (_what, fact, path) => {
  const parsed = traceFactSchema.safeParse(fact)
  expect(parsed.error?.issues.map((i) => i.path.join('.'))).toEqual([path])
})
