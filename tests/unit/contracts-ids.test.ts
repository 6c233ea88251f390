import { describe, expect, it } from 'vitest'
import { canonicalJson, idsBehind, uuidMs, uuidv5, uuidv7 } from '../../contracts/index.ts'

describe('uuid', () => {
  it('version 5 agrees with the example of RFC 9562, appendix A.4 (DNS namespace, www.example.com)', () => {
    expect(uuidv5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    )
  })

  it('version 7 is ordered, even within a millisecond and when the clock steps back', () => {
    const ids = [...Array.from({ length: 5000 }, () => uuidv7(1_000_000)), uuidv7(999_000), uuidv7(1_000_500)]
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('version 7 comes behind an id of before, also where the clock was set back since', () => {
    const before = uuidv7()
    const ahead = `${(uuidMs(before) + 3_600_000).toString(16).padStart(12, '0')}`
    const id = `${ahead.slice(0, 8)}-${ahead.slice(8)}-7fff-bfff-ffffffffffff`
    idsBehind(id)
    idsBehind(before)
    // No clock says these.
    for (const none of ['ffffffff-ffff-7fff-bfff-ffffffffffff', 'none', '']) idsBehind(none)
    const after = [uuidv7(), uuidv7()]
    expect([id, ...after].sort()).toEqual([id, ...after])
  })
})

describe('canonicalJson', () => {
  // RFC 8785, section 3.2.2 and 3.2.3
  it('agrees with the examples of RFC 8785', () => {
    const input = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(input)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
    expect(Object.values(JSON.parse(canonicalJson(keys)) as object)).toEqual([4, 2, 6, 7, 1, 5, 3])
  })

  it.each([[NaN], [Infinity], ['\ud800'], [new Date()], [() => 1], [1n]])('refuses %s', (value) => {
    expect(() => canonicalJson({ value })).toThrow(/EVT_SCHEMA/)
  })
})
