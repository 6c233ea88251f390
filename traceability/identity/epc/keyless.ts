import { refuse } from '../refuse.ts'
import type { BitReader } from './bits.ts'
import type { Epc } from './epc.ts'

/** A scheme whose identity is no GS1 key: TDS 1.13, section 6.3. */
interface KeylessScheme {
  /** Fields of the pure identity, and what they are. */
  form: RegExp
  expected: string
  /** What is wrong beyond the form, or null. */
  fault?: (body: string) => string | null
  /** Name in tag URIs, and the highest filter value; null = no filter. */
  tag?: { name: string; filter: number | null }
}

const NUMBER = '(?:0|[1-9]\\d*)'
/** Government and activity codes have no I and no O. */
const CAGE = '[0-9A-HJ-NP-Z]{5,6}'
const ADI_CHAR = '(?:[0-9A-Z-]|%2F)'

/** Bits of manager, class and serial of GID-96, and of the serial of USDOD-96 (TDS 1.13, section 14.6). */
const GID_BITS = [28, 24, 36] as const
const USDOD_BITS = 36

const SCHEMES: Readonly<Record<string, KeylessScheme>> = {
  gid: {
    form: new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}$`),
    expected: 'manager.class.serial, numbers without leading zeros',
    fault: (body) => {
      const wide = body.split('.').findIndex((n, i) => BigInt(n) >> BigInt(GID_BITS[i] ?? 0) > 0n)
      return wide < 0 ? null : `a ${['manager', 'class', 'serial'][wide]} of at most ${GID_BITS[wide]} bits`
    },
    tag: { name: 'gid-96', filter: null },
  },
  usdod: {
    form: new RegExp(`^${CAGE}\\.${NUMBER}$`),
    expected: 'CAGE or DoDAAC of 5 or 6 characters, a dot and a number without leading zeros',
    fault: (body) =>
      BigInt(body.split('.')[1] ?? 0) >> BigInt(USDOD_BITS) > 0n
        ? `a serial of at most ${USDOD_BITS} bits`
        : null,
    tag: { name: 'usdod-96', filter: 15 },
  },
  adi: {
    form: new RegExp(`^${CAGE}\\.${ADI_CHAR}{0,32}\\.(?:${ADI_CHAR}{1,30}|%23${ADI_CHAR}{1,29})$`),
    expected: 'CAGE or DoDAAC, up to 32 characters of part number and 1 to 30 of serial with dots between',
    tag: { name: 'adi-var', filter: 63 },
  },
  bic: {
    form: /^[A-Z]{3}[JUZ]\d{7}$/,
    expected: 'a container code of ISO 6346',
    fault: (code) => (bicCheck(code) === Number(code[10]) ? null : `check digit ${bicCheck(code)}`),
  },
  imovn: {
    form: /^\d{7}$/,
    expected: 'an IMO number of seven digits',
    fault: (digits) => (imoCheck(digits) === Number(digits[6]) ? null : `check digit ${imoCheck(digits)}`),
  },
}

export const isKeyless = (name: string): boolean => Object.hasOwn(SCHEMES, name)

/** The pure identity's scheme of a tag's, e.g. `gid` of `gid-96`. */
export const keylessOfTag = (tag: string): string | undefined =>
  Object.keys(SCHEMES).find((id) => SCHEMES[id]?.tag?.name === tag)

/** ISO 6346, annex A: letters are 10 to 38 without the multiples of eleven, weights powers of two. */
function bicCheck(code: string): number {
  const sum = [...code].slice(0, 10).reduce((total, c, i) => {
    const n = Number.parseInt(c, 36)
    const value = n < 10 ? n : n + Math.ceil((n - 10) / 10)
    return total + value * 2 ** i
  }, 0)
  return (sum % 11) % 10
}

/** IMO resolution A.1117(30): six digits by seven to two. */
const imoCheck = (digits: string): number =>
  [...digits].slice(0, 6).reduce((sum, d, i) => sum + Number(d) * (7 - i), 0) % 10

/** @param body fields of a pure identity URI of that scheme; `at` is their place. @throws TRC_IDENTITY */
export function keylessId(id: string, body: string, at: number): Epc {
  const scheme = SCHEMES[id] ?? refuse(at, 'an EPC scheme without a GS1 key', id)
  const written = body.replace(/%2f/g, '%2F')
  if (!scheme.form.test(written)) refuse(at, `${scheme.expected} in ${id}`, body)
  const fault = scheme.fault?.(written) ?? null
  if (fault !== null) refuse(at, `${fault} in ${id}`, body)
  return { scheme: id, filter: null, pureIdentity: `urn:epc:id:${id}:${written}`, elements: [] }
}

/** @param body what stands behind the scheme of a tag URI. @throws TRC_IDENTITY */
export function keylessTag(id: string, body: string, at: number): Epc {
  const { name = id, filter: most = null } = SCHEMES[id]?.tag ?? {}
  if (most === null) return { ...keylessId(id, body, at), scheme: name }
  const [, filter = '', rest = ''] = /^(\d{1,2})\.(.*)$/s.exec(body) ?? []
  if (!/^(?:0|[1-9]\d?)$/.test(filter) || Number(filter) > most)
    refuse(at, `a filter value 0 to ${most}`, body)
  return { ...keylessId(id, rest, at + filter.length + 1), scheme: name, filter: Number(filter) }
}

/** Tags of these schemes by their header: TDS 1.13, section 14.6. */
export const KEYLESS_TAGS: ReadonlyMap<number, (bits: BitReader, at: number) => Epc> = new Map([
  [
    0x35,
    (bits, at) => {
      const body = GID_BITS.map((n) => bits.number(n)).join('.')
      return { ...keylessId('gid', body, at), scheme: 'gid-96' }
    },
  ],
  [
    0x2f,
    (bits, at) => {
      const filter = Number(bits.number(4))
      const code = String.fromCharCode(...Array.from({ length: 6 }, () => Number(bits.number(8))))
      const body = `${code.replace(/^ /, '')}.${bits.number(USDOD_BITS)}`
      return { ...keylessId('usdod', body, at), scheme: 'usdod-96', filter }
    },
  ],
  [
    0x3b,
    (bits, at) => {
      const filter = Number(bits.number(6))
      const code = bits.text(6, 6, 'the code')
      const body = [code.replace(/^ /, ''), bits.ended(33, 'a part number'), bits.ended(31, 'a serial')]
        .map((part) => part.replace(/[#/]/g, (c) => (c === '#' ? '%23' : '%2F')))
        .join('.')
      return { ...keylessId('adi', body, at), scheme: 'adi-var', filter }
    },
  ],
])
