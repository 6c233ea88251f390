import type { CodeRead } from '../../contracts/index.ts'
import { gs1CheckDigit, CodedError } from '../../contracts/thread.ts'
import type { DataField } from './data-identifiers.ts'
import { type Epc, parseEpcUri } from './epc/index.ts'
import { FNC1, type Gs1Element, parseBracketed, parseDigitalLink, parseElementString } from './gs1/index.ts'
import { parseIso15434 } from './iso15434.ts'
import { refuse } from './refuse.ts'

/** What a symbol or tag says. */
export type CarrierData =
  | { kind: 'gs1'; elements: Gs1Element[] }
  | { kind: 'epc'; elements: Gs1Element[]; epc: Epc }
  | { kind: 'iso15434'; elements: Gs1Element[]; fields: DataField[] }
  | { kind: 'plain'; elements: []; serial: string }

/**
 * Symbology identifiers of a symbol with FNC1 in its first place, which means GS1 (ISO/IEC 15424, option values of each
 * symbology; for DotCode and Han Xin the table of zxing-cpp, `barcodeFormat2SymbologyIdentifier`). The second of two is
 * the same with ECI. Aztec has them again for parts of a structured append. FNC1 in the second place is other people's.
 */
const GS1_SYMBOLOGIES = new Set(
  // At the end MicroPDF417 in emulation of Code 128, Codablock F, Code 16K and Code 49.
  ']C1 ]e0 ]d2 ]d5 ]Q3 ]Q4 ]J1 ]J4 ]z1 ]z4 ]z7 ]zA ]h2 ]h3 ]L3 ]O5 ]K1 ]T1'.split(' '),
)

/** Symbols with ECI (ISO/IEC 15424): readers may transmit its escape, `\` and six digits, and then double backslashes. */
const ECI_SYMBOLOGIES = /^\](?:d[4-6]|Q[246]|z[3-59AB]|J[3-5]|h[13]|L1)$/

/**
 * Printable ASCII without blanks: what label printers put into a serial. Not `.` and `..`, which are no names in a path
 * (RFC 3986, 5.2.4): browsers and proxies take them away, so that nobody could ask for the part.
 */
const PLAIN = /^(?!\.{1,2}$)[!-~]{1,128}$/

/**
 * Reads the content of one symbol or tag. The symbology identifier decides whether it is a GS1 element string, or an
 * FNC1 inside where the reader tells none; brackets, GS1 Digital Link URIs, EPC URIs and ISO/IEC 15434 messages are
 * recognised in any carrier.
 *
 * @throws TRC_IDENTITY with the position of the first wrong character, counted behind an escape of ECI
 */
export function readCarrier(read: Pick<CodeRead, 'text' | 'symbologyId'>): CarrierData {
  const { symbologyId } = read
  const text = ECI_SYMBOLOGIES.test(symbologyId) ? withoutEci(read.text) : read.text
  // No symbology of labels means it, URL parsers drop it at the ends, and databases cut text there.
  const nul = text.indexOf('\0')
  if (nul >= 0)
    throw new CodedError('TRC_IDENTITY', {
      path: `character ${nul}`,
      expected: 'text without NUL',
      actual: JSON.stringify(text.slice(0, 40)),
      hint: 'the code is not an identity; print it again or point the tool at the right symbol',
    })
  if (/^\(\d{2,4}\)/.test(text)) return { kind: 'gs1', elements: parseBracketed(text) }
  if (GS1_SYMBOLOGIES.has(symbologyId)) return { kind: 'gs1', elements: parseElementString(text) }
  // EAN-13, UPC-A, UPC-E and EAN-8 carry a GTIN and nothing else.
  if (symbologyId === ']E0' || symbologyId === ']E4') return { kind: 'gs1', elements: [retailGtin(text)] }
  // So does ITF-14, whose check digit the reader has checked; other ITF is anybody's number.
  if (symbologyId === ']I1' && /^\d{14}$/.test(text)) return { kind: 'gs1', elements: [retailGtin(text)] }
  const link = parseDigitalLink(text)
  if (link !== null) return { kind: 'gs1', elements: link }
  const epc = parseEpcUri(text)
  if (epc !== null) return { kind: 'epc', elements: epc.elements, epc }
  const message = parseIso15434(text)
  if (message !== null) return { kind: 'iso15434', ...message }
  if (symbologyId === '' && text.includes(FNC1)) return { kind: 'gs1', elements: parseElementString(text) }
  if (!PLAIN.test(text)) {
    const dots = text === '.' || text === '..'
    const at = dots ? 0 : [...text].findIndex((c) => !/[!-~]/.test(c))
    throw new CodedError('TRC_IDENTITY', {
      path: `character ${at < 0 ? 128 : at}`,
      expected: dots ? 'more than dots' : '1 to 128 printable ASCII characters without blanks',
      actual: JSON.stringify(text.slice(0, 40)),
      hint: 'the code is not an identity; point the tool at the right symbol',
    })
  }
  return { kind: 'plain', elements: [], serial: text }
}

function withoutEci(text: string): string {
  const data = text.replace(/^(?:\\\d{6})+/, '')
  return data === text ? text : data.replaceAll('\\\\', '\\')
}

function retailGtin(text: string): Gs1Element {
  const digits = text.padStart(14, '0')
  if (!/^\d{14}$/.test(digits)) refuse(Math.max(0, text.search(/\D/)), 'a GTIN of 8, 12 or 13 digits', text)
  if (gs1CheckDigit(digits.slice(0, 13)) !== Number(digits.at(-1)))
    refuse(Math.max(0, text.length - 1), `check digit ${gs1CheckDigit(digits.slice(0, 13))} of a GTIN`, text)
  return { ai: '01', value: digits }
}
