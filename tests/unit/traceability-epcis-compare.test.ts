import { describe, expect, it } from 'vitest'
import { anyValue } from '../../traceability/epcis/compare.ts'

describe('values of extension fields, compared', () => {
  it.each([
    // Long numbers of one's own: as doubles these two are one.
    ['106141412345678908', '106141412345678909'],
    ['007', '7'],
    ['1e3', '1000'],
  ])('a text of digits is a name, and equal to itself alone: %s and %s', (text, other) => {
    expect(anyValue('EQ', text, [text])).toBe(true)
    expect(anyValue('EQ', text, [other])).toBe(false)
    expect(anyValue('EQ', { '@value': text }, [other])).toBe(false)
  })

  it('a number is equal however it is written, and a time as a moment', () => {
    expect(anyValue('EQ', 12, ['12.0'])).toBe(true)
    for (const written of ['12', '12.0', '12.00']) expect(anyValue('EQ', written, ['12.0'])).toBe(true)
    expect(anyValue('EQ', '12.05', ['12.5'])).toBe(false)
    expect(anyValue('EQ', '120', ['12'])).toBe(false)
    expect(anyValue('EQ', { '@type': 'xsd:int', '@value': 12 }, ['12.0'])).toBe(true)
    expect(anyValue('EQ', '2026-01-01T00:00:00Z', ['2026-01-01T01:00:00+01:00'])).toBe(true)
  })

  it('orders texts that read as numbers, since events from XML have no others', () => {
    expect(anyValue('GE', '12.5', ['12'])).toBe(true)
    expect(anyValue('LT', '12.5', ['12'])).toBe(false)
  })
})
