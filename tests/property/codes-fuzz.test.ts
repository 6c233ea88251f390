import { describe, expect, it } from 'vitest'
import { encodeFrame, LlrpFramer, type LlrpMessage, tagReports } from '../../camera/index.ts'
import { CodedError } from '../../contracts/index.ts'
import { mulberry32, type Rng } from '../../scenarios/kernels/index.ts'
import { type CarrierData, decodeEpc, type Gs1Element, readCarrier } from '../../traceability/index.ts'

const SEED = 20260105
const RUNS = 100_000
/** Types of LLRP 1.1, section 17. */
const [RO_ACCESS_REPORT, TAG_REPORT_DATA, EPC_DATA] = [61, 240, 241] as const

/** Valid content of every form, as labels and tags carry it. */
const CODES: readonly (readonly [text: string, symbologyId: string])[] = [
  ['0109506000134352172801311012AB\u001d21SN-0001', ']d2'],
  ['00095060001343520017', ']C1'],
  ['800309506000134352ASSET7', ']C1'],
  ['2539506000134352DOC77', ']d2'],
  ['410950600013435241495060001343528008260131101500', ']d2'],
  ['(01)09506000134352(17)260131(10)LOT-7(21)A1', ']d1'],
  ['https://id.gs1.org/01/09506000134352/10/LOT-7/21/A1?17=260131', ']Q1'],
  ['https://example.com/some/414/9506000134352?3103=000750', ']Q1'],
  ['urn:epc:id:sgtin:9506000.013435.SN%2F1', ']d1'],
  ['urn:epc:tag:sscc-96:1.9506000.0134352001', ']d1'],
  ['[)>\u001e06\u001d1PPART-7\u001dSSN123\u001d1T4711\u001e\u0004', ']d1'],
  ['[)>\u001e05\u001d0109506000134352\u001d21SN-0001\u001e\u0004', ']d1'],
  ['010950600013435221A1', ']Q4'],
  ['0109506000134352\u001d10L1\u001d21A1', ']d5'],
  ['10L1\u001d21A1', ''],
  ['https://id.gs1.org/%30%31/09506000134352/2%31/A1', ']Q1'],
  ['urn:epc:id:pgln:9506000.01343', ']d1'],
  ['urn:epc:id:upui:9506000.013435.51qIgY', ']d1'],
  ['urn:epc:id:gsin:9506000.123456789', ']d1'],
  ['urn:epc:id:ginc:9506000.xyz47%2F11', ']d1'],
  ['urn:epc:id:itip:9506000.013435.04.08.A1', ']d1'],
  ['urn:epc:id:adi:35962.PQ7VZ4.M37GXB92', ']d1'],
  ['urn:epc:id:usdod:2S194.12345678901', ']d1'],
  ['urn:epc:id:bic:CSQU3054383', ']d1'],
  ['urn:epc:id:imovn:9176187', ']d1'],
  ['urn:epc:tag:sgtin-96:3.9506000.013435.6789', ']d1'],
  ['urn:epc:tag:cpi-96:3.9521141.98765.12345', ']d1'],
  ['urn:epc:tag:gdti-113:3.0614141.12345.006847', ']d1'],
  ['urn:epc:tag:gid-96:952056.2718.1414', ']d1'],
  ['9506000134352', ']E0'],
  ['SN-2026-000001', ']d1'],
]

/** EPC memory of tags, by TDS 1.13 (partitioned schemes, GID, USDOD, ADI) and TDS 2 (`+` and `++`). */
const TAGS = [
  '3074257BF7194E4000001A85',
  '3500E86F8000A9E000000586',
  '3174257BF4499602D2000000',
  '3276451FD40C0E4000001A85',
  '3374257BF40C0E4000001A85',
  '36141F3D7B36E3A8BF0E1C3870E1C3870E1C3870E000000000',
  'F74095060001343521A1',
  '2F320434147455900000162E',
  '3B0E0CF5E76C9047759AD00373DC7602E72000',
  '3A74257BF460720000000007AE7F80',
  '3D76451FD75411DEF6B4CC00000003039000',
  'FB342CDE795211411234538566CB0AFC40',
  'F0395211415E87A145BAFB4D19A8C0E4',
  'F839521141678909509338',
  'F3309521141123454010266AE27FDF35',
  'FD3795211411234538566CB0AFC525065F1876F0D996D800',
  'EF009520123456789123592832F8C3B786CCB6C0',
]

const ALPHABET = '0123456789ABCXYZabcxyz()[]<>/?&=%:.,-+*# \u001d\u001e\u0004\u0000\u00e9\u96f6\u{1f512}'
const LETTERS = [...ALPHABET]

/** One to four edits: replace, delete, insert, swap, double a piece, splice with another sample. */
function mutate(text: string, rng: Rng, letters: readonly string[], samples: readonly string[]): string {
  let chars = [...text]
  for (let edits = 1 + rng.int(4); edits > 0; edits--) {
    const at = rng.int(chars.length + 1)
    const letter = letters[rng.int(letters.length)] ?? '0'
    switch (rng.int(6)) {
      case 0:
        chars[Math.min(at, Math.max(0, chars.length - 1))] = letter
        break
      case 1:
        chars.splice(at, 1 + rng.int(3))
        break
      case 2:
        chars.splice(at, 0, letter)
        break
      case 3:
        ;[chars[at], chars[0]] = [chars[0] ?? letter, chars[at] ?? letter]
        break
      case 4:
        chars.splice(at, 0, ...chars.slice(rng.int(chars.length + 1)))
        break
      default:
        chars = [...chars.slice(0, at), ...[...(samples[rng.int(samples.length)] ?? '')].slice(at)]
    }
  }
  return chars.slice(0, 300).join('')
}

/** Mod 10 with weights 3 and 1 from the right (GS1 General Specifications 7.9.1), written apart from the product. */
function checkDigitFits(digits: string): boolean {
  if (!/^\d+$/.test(digits)) return false
  const sum = [...digits].reverse().reduce((s, d, i) => s + Number(d) * (i % 2 === 0 ? 1 : 3), 0)
  return sum % 10 === 0
}

/** Digits with a check digit at their end, by AI: General Specifications, section 3. */
const CHECKED: Record<string, number> = {
  '00': 18,
  '01': 14,
  '02': 14,
  '253': 13,
  '255': 13,
  '402': 17,
  '8003': 14,
  '8006': 14,
  '8017': 18,
  '8018': 18,
  ...Object.fromEntries(['410', '411', '412', '413', '414', '415', '416', '417'].map((ai) => [ai, 13])),
}
const DATES = new Set(['11', '12', '13', '15', '16', '17'])

function faultOf({ ai, value }: Gs1Element): string | null {
  const digits = CHECKED[ai]
  if (digits !== undefined && !checkDigitFits(value.slice(0, digits)))
    return `wrong check digit in (${ai})${value}`
  if (digits !== undefined && value.length < digits) return `too short: (${ai})${value}`
  const month = Number(value.slice(2, 4))
  if (DATES.has(ai) && (month < 1 || month > 12 || Number(value.slice(4, 6)) > 31))
    return `no date: (${ai})${value}`
  return null
}

/** What is a key of EPC or GS1, or nothing: taken for a serial it would not be compared with the product. */
const KEYS = /^(?:urn:epc:|https?:\/\/id\.gs1\.org(?:[/?#:]|$))/i

/** Elements of what was accepted, or the code it was refused with; anything else is a crash and is thrown. */
function outcome(read: () => Pick<CarrierData, 'elements'>): Gs1Element[] | string {
  try {
    return [...read().elements]
  } catch (error) {
    if (error !== null && typeof error === 'object' && 'code' in error && error.code === 'TRC_IDENTITY')
      return error.code
    throw error
  }
}

describe(`${RUNS} damaged codes, tags and reader streams, seed ${SEED}`, () => {
  it('codes: read rightly or refused', () => {
    const rng = mulberry32(SEED)
    const texts = CODES.map(([t]) => t)
    const faults: string[] = []
    let accepted = 0
    for (let n = 0; n < RUNS; n++) {
      const [text, symbologyId] = CODES[n % CODES.length] ?? ['', '']
      const damaged = mutate(text, rng, LETTERS, texts)
      const got = outcome(() => {
        const carrier = readCarrier({ text: damaged, symbologyId })
        if (carrier.kind === 'plain' && KEYS.test(damaged)) faults.push(`${damaged}: taken for a serial`)
        return carrier
      })
      if (typeof got === 'string') continue
      accepted += 1
      for (const element of got) {
        const fault = faultOf(element)
        if (fault !== null) faults.push(`${JSON.stringify(damaged)} ${symbologyId}: ${fault}`)
      }
    }
    expect(faults.slice(0, 5)).toEqual([])
    // Otherwise the run would have shown nothing about what is accepted.
    expect(accepted).toBeGreaterThan(RUNS / 100)
    expect(accepted).toBeLessThan(RUNS)
    for (const [text, symbologyId] of CODES)
      expect(typeof outcome(() => readCarrier({ text, symbologyId })), JSON.stringify(text)).toBe('object')
  }, 120_000)

  it('EPC words: decoded to valid keys or refused', () => {
    const rng = mulberry32(SEED)
    const hex = [...'0123456789ABCDEF']
    const faults: string[] = []
    let accepted = 0
    for (let n = 0; n < RUNS; n++) {
      const tag = TAGS[n % TAGS.length] ?? ''
      const damaged =
        n % 5 === 0
          ? Buffer.from(Array.from({ length: 12 }, () => rng.int(256))).toString('hex')
          : mutate(tag, rng, hex, TAGS)
      const got = outcome(() => decodeEpc(damaged))
      if (typeof got === 'string') continue
      accepted += 1
      for (const element of got) {
        const fault = faultOf(element)
        if (fault !== null) faults.push(`${damaged}: ${fault}`)
      }
    }
    expect(faults.slice(0, 5)).toEqual([])
    expect(accepted).toBeGreaterThan(RUNS / 100)
    expect(accepted).toBeLessThan(RUNS)
  }, 120_000)

  it('LLRP streams: cut into messages or given up with a code', () => {
    const rng = mulberry32(SEED)
    const parameter = (type: number, value: Buffer): Buffer => {
      const head = Buffer.alloc(4)
      head.writeUInt16BE(type, 0)
      head.writeUInt16BE(4 + value.length, 2)
      return Buffer.concat([head, value])
    }
    const report = (epc: string): Buffer => {
      const bits = Buffer.alloc(2)
      bits.writeUInt16BE(epc.length * 4)
      const data = parameter(EPC_DATA, Buffer.concat([bits, Buffer.from(epc, 'hex')]))
      return encodeFrame({ type: RO_ACCESS_REPORT, id: 7, body: parameter(TAG_REPORT_DATA, data) })
    }
    const whole = TAGS.map(report)
    let [delivered, refused] = [0, 0]
    for (let n = 0; n < RUNS; n++) {
      const stream = Buffer.concat([
        whole[rng.int(whole.length)] ?? Buffer.alloc(0),
        whole[n % whole.length] ?? Buffer.alloc(0),
      ])
      for (let flips = rng.int(5); flips > 0; flips--) stream[rng.int(stream.length)] = rng.int(256)
      const framer = new LlrpFramer()
      const messages: LlrpMessage[] = []
      const cut = rng.int(stream.length)
      try {
        for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)])
          messages.push(...framer.push(chunk))
        for (const m of messages)
          if (m.type === RO_ACCESS_REPORT)
            for (const t of tagReports(m)) {
              if (t instanceof CodedError) throw t
              if (/^[0-9A-F]*$/.test(t.epc)) delivered += 1
            }
      } catch (error) {
        expect(error).toMatchObject({ code: 'CAM_IO' })
        refused += 1
      }
    }
    expect(delivered).toBeGreaterThan(RUNS / 2)
    expect(refused).toBeGreaterThan(RUNS / 100)
  }, 120_000)
})
