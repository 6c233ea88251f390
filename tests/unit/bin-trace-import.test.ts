import { describe, expect, it } from 'vitest'
import { factsOf } from '../../bin/commands/trace-import.ts'

const HEAD = 'kind,at,by,lot,product,supplier,quantity\n'
const row = (lot: string, at = '2026-01-05T06:00:00Z', quantity = '') =>
  factsOf('facts.csv', `${HEAD}receive,${at},li,${lot},p,acme,${quantity}\n`)[0]

describe('facts from CSV', () => {
  it.each(['12.50', '7.10', '0042', '1.0', '123456789012345678', '1e5', '-0', '批次 7'])(
    'keep the name %s as it is written',
    (lot) => expect(row(lot)).toMatchObject({ lot }),
  )

  it('are the same for the same row, with blanks around its cells or not', () => {
    expect(row(' A1 ')).toEqual(row('A1'))
    expect(row('A1')?.id).not.toBe(row('A2')?.id)
  })

  it('have times in UTC, and quantities as numbers', () => {
    const at = '2026-01-05T06:00:00.000Z'
    for (const said of ['2026-01-05T06:00:00Z', '2026-01-05 14:00+08:00', at])
      expect(row('A', said, '12.50')).toMatchObject({ at, quantity: 12.5 })
    const text =
      'kind,at,by,child,parent,from\nassociate,2026-01-05,li,unit/1,fixture/1,2026-01-05T14:00:00+08:00\n'
    expect(factsOf('x', text)).toMatchObject([{ at: '2026-01-05T00:00:00.000Z', from: at }])
  })

  it.each([
    [
      'a time without its offset',
      '2026-01-05 06:00',
      /facts\.csv, row 1: at\); expected a time with Z.*found 2026-01-05 06:00/,
    ],
    ['a number', '1', /row 1: at\); expected a time/],
    ['a day that is none', '2026-02-30T00:00:00Z', /row 1: at\)/],
  ])('are refused for %s', (_, at, message) => expect(() => row('A', at)).toThrow(message))

  it('are refused whose cells are apart by something else than commas', () => {
    expect(() => factsOf('facts.csv', 'kind;at;by;lot\nreceive;2026-01-05T06:00:00Z;li;A\n')).toThrow(
      /line 1\); expected a header with .* apart by commas; found kind;at;by;lot$/,
    )
    const quoted = HEAD.replace('kind', '" kind "')
    expect(factsOf('x', `${quoted}receive,2026-01-05T06:00:00Z,li,A,p,acme,\n`)).toHaveLength(1)
  })

  it('are refused for a quantity that is none, and a row of other length', () => {
    expect(() => row('A', undefined, 'many')).toThrow(/row 1: quantity/)
    expect(() => factsOf('facts.csv', `${HEAD}receive,x\n`)).toThrow(
      /CFG_INVALID.*facts\.csv, line 2.*expected 7 cells/,
    )
  })
})
