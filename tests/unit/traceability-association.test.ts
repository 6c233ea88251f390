import { describe, expect, it } from 'vitest'
import { identityReaderSchema, type IdentityRead } from '../../contracts/index.ts'
import { identify, placeRead, readAsCode, readerMatcher } from '../../traceability/index.ts'

const read = (more: Partial<IdentityRead>): IdentityRead => ({
  source: 'gate',
  text: 'SN-7',
  symbologyId: '',
  atMs: 1_000,
  antenna: null,
  rssiDbm: null,
  count: 1,
  trigger: null,
  position: null,
  ...more,
})
const source = { id: 'gate', adapter: 'scanner-tcp', host: 'scanner.local', port: 9_004 }

describe('a reader of the line file', () => {
  it.each([
    ['trigger', { by: 'trigger' }, { trigger: 7 }, 7, 8],
    ['time', { by: 'time', offsetMs: -200, toleranceMs: 40, spacingMs: 100 }, { atMs: 1_000 }, 1_210, 1_320],
    [
      'encoder',
      { by: 'encoder', offset: -200, tolerance: 40, spacing: 100, modulus: 4_096 },
      { position: 4_000 },
      110,
      220,
    ],
  ] as const)('gives a part its read by %s, and the next one none', (_n, association, at, here, next) => {
    const spec = identityReaderSchema.parse({ source, association }).association
    if (spec.by === 'fifo') throw new Error('not a place')
    const matcher = readerMatcher(spec)
    matcher.read(placeRead(read(at), spec))
    const own = matcher.take(7, here)
    expect(own.ok && own.reads.map((r) => r.read.text)).toEqual(['SN-7'])
    expect(matcher.take(8, next)).toMatchObject({ ok: false, problem: { kind: 'missing', trigger: 8 } })
    // A read that does not say where it was taken is nobody's.
    matcher.read(placeRead(read({ atMs: Number.NaN }), spec))
    expect(matcher.take(9, next + 200)).toMatchObject({ ok: false, problem: { kind: 'missing' } })
  })

  it('is refused when an option is unknown or places overlap', () => {
    const parse = (association: object) => identityReaderSchema.safeParse({ source, association }).success
    expect(parse({ by: 'time', offsetMs: 0, toleranceMs: 10, spacingMs: 100, windowMs: 3 })).toBe(false)
    expect(parse({ by: 'fifo', from: 'st10', minMs: 500, maxMs: 900 })).toBe(true)
    expect(() => readerMatcher({ by: 'time', offsetMs: 0, toleranceMs: 50, spacingMs: 100 })).toThrow(
      /CFG_INVALID/,
    )
  })

  it('counts beside the codes of the image', () => {
    const tag = readAsCode(read({ text: 'urn:epc:raw:96.x3074257BF7194E4000001A85' }))
    const product = { id: 'cap', gtin: '80614141123458' }
    expect(identify([tag], product, 'required')).toMatchObject({ serial: '6789', problem: null })
    const image = {
      ...tag,
      tool: 'dm',
      symbology: 'DataMatrix',
      symbologyId: ']d2',
      text: '0180614141123458211',
    }
    expect(identify([tag, image], product, 'required').problem?.kind).toBe('double')
    expect(identify([tag], { id: 'lid', gtin: '10614141000415' }, 'required').problem?.kind).toBe(
      'other-product',
    )
  })
})
