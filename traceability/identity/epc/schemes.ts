/** Pure identities that name a GS1 key: TDS 1.13, section 6.3. The last four are on no tag. */
export type EpcId =
  | ('sgtin' | 'sscc' | 'sgln' | 'grai' | 'giai' | 'gsrn' | 'gsrnp' | 'gdti' | 'cpi' | 'sgcn' | 'itip')
  | ('pgln' | 'gsin' | 'ginc' | 'upui')

/** Layout of one binary EPC of fixed partition: EPC Tag Data Standard 1.13, section 14; of GDTI-113 1.6. */
export interface EpcScheme {
  header: number
  /** Name in tag URIs, e.g. `sgtin-96`. */
  tag: string
  /** Name in pure identity URIs, e.g. `sgtin`. */
  id: EpcId
  /** Bits of company prefix and reference together. */
  keyBits: number
  /** Digits (characters for text) of the reference behind a company prefix of twelve digits; one more for each less. */
  refDigits: number
  ref: 'fixed' | 'integer' | 'text7' | 'text6'
  /** What follows the key: `int`, `numeric` (a leading 1 keeps zeros) of so many bits, `text` of so many characters. */
  serial: { kind: 'none' | 'int' | 'numeric' | 'text' | 'reserved'; size: number }
}

const TABLE = `
2C gdti-96   41 0 fixed int 41
2D gsrn-96   58 5 fixed reserved 24
2E gsrnp-96  58 5 fixed reserved 24
30 sgtin-96  44 1 fixed int 38
31 sscc-96   58 5 fixed reserved 24
32 sgln-96   41 0 fixed int 41
33 grai-96   44 0 fixed int 38
34 giai-96   82 13 integer none 0
36 sgtin-198 44 1 fixed text 20
37 grai-170  44 0 fixed text 16
38 giai-202  188 18 text7 none 0
39 sgln-195  41 0 fixed text 20
3A gdti-113  41 0 fixed numeric 58
3C cpi-96    51 3 integer int 31
3D cpi-var   0 18 text6 int 40
3E gdti-174  41 0 fixed text 17
3F sgcn-96   41 0 fixed numeric 41
40 itip-110  44 1 fixed int 38
41 itip-212  44 1 fixed text 20
`

export const EPC_SCHEMES: ReadonlyMap<number, EpcScheme> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => {
      const [header = '', tag = '', keyBits, refDigits, ref, kind, size] = line.split(/ +/)
      return {
        header: Number.parseInt(header, 16),
        tag,
        id: tag.split('-')[0] as EpcId,
        keyBits: Number(keyBits),
        refDigits: Number(refDigits),
        ref: ref as EpcScheme['ref'],
        serial: { kind: kind as EpcScheme['serial']['kind'], size: Number(size) },
      }
    })
    .map((s) => [s.header, s]),
)

/** Bits of a company prefix of 12 to 6 digits, by partition value: TDS 1.13, tables 14-2 and following. */
export const PREFIX_BITS = [40, 37, 34, 30, 27, 24, 20] as const

/**
 * EPC schemes of TDS 2.0 and later (`+`): header, data toggle, filter, then these AIs as table F of TDS encodes them.
 * `date` = prioritised date. `++` schemes (TDS 2.3) of the same layout carry a host name behind, which does not change
 * the identity.
 */
export const PLUS_SCHEMES: ReadonlyMap<number, { tag: string; ais: readonly string[] }> = new Map(
  `F0 cpi+ 8010 8011
F1 grai+ 8003
F2 sgln+ 414 254
F3 itip+ 8006 21
F4 gsrn+ 8018
F5 gsrnp+ 8017
F6 gdti+ 253
F7 sgtin+ 01 21
F8 sgcn+ 255
F9 sscc+ 00
FA giai+ 8004
FB dsgtin+ date 01 21
E7 gsrn++ 8018
E8 gsrnp++ 8017
E9 sgln++ 414 254
EA gdti++ 253
EB grai++ 8003
ED itip++ 8006 21
EE giai++ 8004
EF sscc++ 00
FC dsgtin++ date 01 21
FD sgtin++ 01 21`
    .split('\n')
    .map((line) => {
      const [header = '', tag = '', ...ais] = line.split(' ')
      return [Number.parseInt(header, 16), { tag, ais }]
    }),
)

/** Headers that a tag may well have and that are not decoded, and what they are (TDS 2.3, table 14-1). */
export const UNREAD_HEADERS: ReadonlyMap<number, string> = new Map([
  [0x00, 'a tag that was not written'],
  [0xe2, 'memory of the chip (TID)'],
  [0xe6, 'CPI++, which is not read here'],
  [0xec, 'SGCN++, which is not read here'],
])
