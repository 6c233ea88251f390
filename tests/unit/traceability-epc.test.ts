import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import {
  bracketed,
  canonicalUri,
  decodeEpc,
  identify,
  parseEpcUri,
  pureIdentityFrom,
  rawEpcUri,
} from '../../traceability/index.ts'

/**
 * EPC Tag Data Standard 2.3, appendix E.3, "summary of examples by EPC scheme" (the same keys as in 1.13 with the
 * prefix 9521141); hex padded to whole bytes.
 */
const PARTITIONED = [
  [
    'sgtin-96',
    '3066C4409047E140075BCD15',
    'urn:epc:id:sgtin:95060001343.05.123456789',
    '(01)09506000134352(21)123456789',
  ],
  [
    'sgtin-198',
    '3666C4409047E159B2C2BF100000000000000000000000000000',
    'urn:epc:id:sgtin:95060001343.05.32a%2Fb',
    '(01)09506000134352(21)32a/b',
  ],
  ['sscc-96', '311BA1B300CE0A6A83000000', 'urn:epc:id:sscc:952012.03456789123', '(00)095201234567891235'],
  [
    'sgln-96',
    '3276451FD46072000000162E',
    'urn:epc:id:sgln:9521141.12345.5678',
    '(414)9521141123454(254)5678',
  ],
  [
    'sgln-195',
    '3976451FD46072CD9615F8800000000000000000000000000000',
    'urn:epc:id:sgln:9521141.12345.32a%2Fb',
    '(414)9521141123454(254)32a/b',
  ],
  ['grai-96', '3376451FD40C0E400000162E', 'urn:epc:id:grai:9521141.12345.5678', '(8003)095211411234545678'],
  [
    'grai-170',
    '3776451FD40C0E59B2C2BF1000000000000000000000',
    'urn:epc:id:grai:9521141.12345.32a%2Fb',
    '(8003)0952114112345432a/b',
  ],
  ['giai-96', '3476451FD40000000000162E', 'urn:epc:id:giai:9521141.5678', '(8004)95211415678'],
  [
    'giai-202',
    '3876451FD59B2C2BF10000000000000000000000000000000000',
    'urn:epc:id:giai:9521141.32a%2Fb',
    '(8004)952114132a/b',
  ],
  ['gsrn-96', '2D76451FD4499602D2000000', 'urn:epc:id:gsrn:9521141.1234567890', '(8018)952114112345678906'],
  ['gsrnp-96', '2E76451FD4499602D2000000', 'urn:epc:id:gsrnp:9521141.1234567890', '(8017)952114112345678906'],
  ['gdti-96', '2C76451FD46072000000162E', 'urn:epc:id:gdti:9521141.12345.5678', '(253)95211411234545678'],
  [
    'gdti-174',
    '3E76451FD7039B061438997367D0C18B266D1AB66EE0',
    'urn:epc:id:gdti:9521141.98765.ABCDefgh012345678',
    '(253)9521141987650ABCDefgh012345678',
  ],
  [
    'cpi-96',
    '3C76451FD400C0E680003039',
    'urn:epc:id:cpi:9521141.98765.12345',
    '(8010)952114198765(8011)12345',
  ],
  [
    'cpi-var',
    '3D76451FD75411DEF6B4CC00000003039000',
    'urn:epc:id:cpi:9521141.5PQ7%2FZ43.12345',
    '(8010)95211415PQ7/Z43(8011)12345',
  ],
  ['sgcn-96', '3F76451FD612640000019907', 'urn:epc:id:sgcn:9521141.67890.04711', '(255)952114167890904711'],
  [
    'itip-110',
    '4076451FD40C0E40820000000F54',
    'urn:epc:id:itip:9521141.012345.01.02.981',
    '(8006)095211411234540102(21)981',
  ],
  [
    'itip-212',
    '4176451FD40C0E4082DBDD8B36600000000000000000000000000000',
    'urn:epc:id:itip:9521141.012345.01.02.mw133',
    '(8006)095211411234540102(21)mw133',
  ],
] as const

/** The same appendix: schemes of TDS 2.0 (`+`) and 2.3 (`++`, host name id.example.com behind). */
const PLUS = [
  ['sgtin+', 'F73795211411234538566CB0AFC4', '(01)79521141123453(21)32a/b'],
  ['dsgtin+', 'FB342CDE795211411234538566CB0AFC4', '(17)220630(01)79521141123453(21)32a/b'],
  ['sscc+', 'F90095201234567891235', '(00)095201234567891235'],
  ['sgln+', 'F2395211411234548566CB0AFC4', '(414)9521141123454(254)32a/b'],
  ['grai+', 'F13095211411234548566CB0AFC4', '(8003)0952114112345432a/b'],
  ['giai+', 'FA3952114132E83C2BF10', '(8004)952114132a/b'],
  ['gsrn+', 'F43952114112345678906', '(8018)952114112345678906'],
  ['gsrnp+', 'F53952114112345678906', '(8017)952114112345678906'],
  ['gdti+', 'F6395211411234540458B8', '(253)95211411234545678'],
  ['cpi+', 'F0395211415E87A145BAFB4D19A8C0E4', '(8010)95211415PQ7/Z43(8011)12345'],
  ['sgcn+', 'F839521141678909509338', '(255)952114167890904711'],
  ['itip+', 'F3309521141123454010266AE27FDF35', '(8006)095211411234540102(21)rif981'],
  ['sgtin++', 'FD3795211411234538566CB0AFC525065F1876F0D996D800', '(01)79521141123453(21)32a/b'],
  [
    'dsgtin++',
    'FC342CDE795211411234538566CB0AFC525065F1876F0D996D80',
    '(17)220630(01)79521141123453(21)32a/b',
  ],
  ['sgln++', 'E9395211411234548566CB0AFC525065F1876F0D996D8000', '(414)9521141123454(254)32a/b'],
  ['grai++', 'EB3095211411234548566CB0AFC525065F1876F0D996D800', '(8003)0952114112345432a/b'],
  ['gsrn++', 'E7395211411234567890692832F8C3B786CCB6C0', '(8018)952114112345678906'],
  ['gsrnp++', 'E8395211411234567890692832F8C3B786CCB6C0', '(8017)952114112345678906'],
  ['sscc++', 'EF009520123456789123592832F8C3B786CCB6C0', '(00)095201234567891235'],
  ['giai++', 'EE3952114132E83C2BF1494197C61DBC3665B600', '(8004)952114132a/b'],
  ['itip++', 'ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00', '(8006)095211411234540102(21)rif981'],
] as const

const refused = (hex: string): unknown => {
  try {
    return decodeEpc(hex)
  } catch (error) {
    const { code, detail } = error as { code: string; detail: { path?: string } }
    return `${code} ${detail.path}`
  }
}

describe('EPCs of tags', () => {
  it.each(PARTITIONED)('%s', (scheme, hex, pureIdentity, elements) => {
    const epc = decodeEpc(hex)
    expect({ ...epc, elements: bracketed(epc.elements) }).toEqual({
      scheme,
      filter: scheme === 'sscc-96' ? 0 : 3,
      pureIdentity,
      elements,
    })
    // The URI means the same, and the elements lead back to it.
    expect(bracketed(parseEpcUri(pureIdentity)?.elements ?? [])).toBe(elements)
    expect(pureIdentityFrom(epc.elements, pureIdentity.split(':')[4]?.split('.')[0]?.length ?? 0)).toBe(
      pureIdentity,
    )
  })

  it.each(PLUS)('%s', (scheme, hex, elements) => {
    const epc = decodeEpc(hex)
    expect([epc.scheme, epc.pureIdentity, bracketed(epc.elements)]).toEqual([scheme, null, elements])
  })

  // TDS 1.13, appendix E.3.
  it('GID-96 and tag URIs', () => {
    expect(decodeEpc('3500E86F8000A9E000000586').pureIdentity).toBe('urn:epc:id:gid:952056.2718.1414')
    expect(parseEpcUri('urn:epc:tag:sgtin-96:3.0614141.812345.6789')).toEqual(
      decodeEpc('3074257BF7194E4000001A85') && { ...decodeEpc('3074257BF7194E4000001A85') },
    )
  })

  it.each([
    ['an unknown header', 'E2801160600002084F1B8C5D', 0],
    ['partition 7', '307C257BF7194E4000001A85', 3],
    ['a company prefix above its digits', '3077FFFFF7194E4000001A85', 3],
    ['a tag cut short', '3074257BF7194E40', 14],
    ['bits behind the end', '3074257BF7194E4000001A850001', 24],
    ['a tag longer than its scheme', '3074257BF7194E4000001A8500000000', 24],
    ['reserved bits in use', '311BA1B300CE0A6A83000001', 24],
    ['a bit set behind the 198th', '3674257BF6B7A659B2C2BF1000000000000000000000000001', 49],
    ['letters beyond F', '30G4', 2],
    ['a wrong check digit in a + scheme', 'F90095201234567891236', 0],
    ['month 13', 'FB342DCE795211411234538566CB0AFC4', 0],
  ])('%s is refused at its place', (_name, hex, at) => {
    expect(refused(hex)).toMatch(new RegExp(`^TRC_IDENTITY character ${at === 0 ? '\\d+' : at}$`))
  })

  it('of any bits decodes or is refused with a code (seed 20260105)', () => {
    const headers = [...PARTITIONED, ...PLUS].map(([, hex]) => hex.slice(0, 2))
    fc.assert(
      fc.property(
        fc.constantFrom(...headers),
        fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: 10, maxLength: 54 }),
        (header, rest) => {
          const found = refused(header + rest)
          if (typeof found === 'string') expect(found).toMatch(/^TRC_IDENTITY character \d+$/)
        },
      ),
      { seed: 20260105, numRuns: 2_000 },
    )
  })
})

describe('one identity in many forms', () => {
  it('has one canonical URI', () => {
    const uri = 'https://id.gs1.org/01/80614141123458/21/6789'
    for (const form of [
      'urn:epc:id:sgtin:0614141.812345.6789',
      'urn:epc:tag:sgtin-96:3.0614141.812345.6789',
      'urn:epc:raw:96.x3074257BF7194E4000001A85',
      '(01)80614141123458(21)6789',
      '(21)6789(01)80614141123458(17)290331',
      'https://example.com/p/01/80614141123458/10/L7/21/6789?17=290331&utm=x',
      'HTTPS://ID.GS1.ORG/01/80614141123458/21/6789',
    ])
      expect(canonicalUri(form)).toBe(uri)
    expect(canonicalUri('urn:epc:id:sgln:9521141.12345.0')).toBe('https://id.gs1.org/414/9521141123454')
    expect(canonicalUri('urn:epc:id:gid:952056.2718.1414')).toBe('urn:epc:id:gid:952056.2718.1414')
    expect(canonicalUri('SN-7')).toBeNull()
  })

  it('takes tag and label of one part together, and holds the part when they differ', () => {
    const tag = (hex: string) => ({
      tool: 'gate-1',
      ok: true,
      symbology: 'RFID',
      symbologyId: '',
      text: rawEpcUri(hex),
      corners: [],
    })
    const label = { ...tag(''), tool: 'dm', symbology: 'DataMatrix', symbologyId: ']d2' }
    const product = { id: 'cap', gtin: '80614141123458' }
    const one = identify(
      [tag('3074257BF7194E4000001A85'), { ...label, text: '0180614141123458216789' }],
      product,
      'required',
    )
    expect(one).toMatchObject({
      serial: '6789',
      uri: 'https://id.gs1.org/01/80614141123458/21/6789',
      problem: null,
    })
    expect(one.aliases).toContainEqual({ scheme: 'epc', value: 'urn:epc:id:sgtin:0614141.812345.6789' })
    const two = identify(
      [tag('3074257BF7194E4000001A85'), { ...label, text: '0180614141123458216788' }],
      product,
      'required',
    )
    expect(two.problem).toMatchObject({ kind: 'double', code: 'TRC_IDENTITY' })
  })
})
