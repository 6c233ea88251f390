import { type DataField, parseDataField, parseTextElement } from './data-identifiers.ts'
import { type Gs1Element, parseElementString } from './gs1/index.ts'
import { refuse } from './refuse.ts'

const HEADER = '[)>\u001e'
const RS = '\u001e'
const GS = '\u001d'
const EOT = '\u0004'

/** Contents of a message; a message may hold several envelopes. */
export interface Iso15434Message {
  /** Of format 05, GS1 application identifiers. */
  elements: Gs1Element[]
  /** Of format 06, ASC MH10 data identifiers, and of format 12, text element identifiers. */
  fields: DataField[]
}

/** Formats that say nothing about who a part is: what they hold, and the form of what stands behind their number. */
const OTHERS: Readonly<Record<string, { holds: string; header: RegExp; expected: string }>> = {
  '01': {
    holds: 'transport data',
    header: new RegExp(`^${GS}\\d{2}`),
    expected: 'group separator and version',
  },
  '02': { holds: 'an EDI message', header: /^/, expected: 'the message' },
  '03': {
    holds: 'ASC X12 segments',
    header: /^\d{6}.{3}/s,
    expected: 'version, release and three separators',
  },
  '04': {
    holds: 'UN/EDIFACT segments',
    header: /^\d{6}.{3}/s,
    expected: 'version, release and three separators',
  },
  '07': { holds: 'free text', header: /^/, expected: 'the text' },
  '08': { holds: 'CII messages', header: /^\d{8}/, expected: 'eight digits of version and release' },
}

/** Not assigned, or of an edition whose data is not read: what is wrong with them. */
const UNREAD: Readonly<Record<string, string>> = {
  '00': 'reserved',
  '10': 'reserved',
  '11': 'reserved',
  '13': 'reserved',
  '14': 'JSON',
  '15': 'data of ISO/IEC 20248',
}

/**
 * Message of ISO/IEC 15434: `[)>` RS, format envelopes closed by RS, EOT. Also what a DataMatrix with Macro 05 or 06
 * says. Envelopes beside those that name a part (01 to 04, 07 to 09) are checked for their header and passed over. Null
 * when the text does not begin like one.
 *
 * @throws TRC_IDENTITY with the character position, also when no envelope of format 05, 06 or 12 is there
 */
export function parseIso15434(text: string): Iso15434Message | null {
  if (!text.startsWith('[)>')) return null
  if (!text.startsWith(HEADER)) refuse(3, 'record separator behind the header', text.slice(3))
  if (!text.endsWith(RS + EOT))
    refuse(text.length, 'record separator and end of transmission', text.slice(-6))
  const message: Iso15434Message = { elements: [], fields: [] }
  const beside: string[] = []
  for (let at = HEADER.length; at < text.length - 1;) {
    const format = text.slice(at, at + 2)
    const end = format === '09' ? binaryEnd(text, at) : text.indexOf(RS, at)
    const read = READERS[format]
    if (read) {
      if (text[at + 2] !== GS) refuse(at + 2, 'group separator behind the format', text.slice(at + 2, end))
      read(text.slice(at + 3, end), at + 3, message)
    } else beside.push(passOver(format, text.slice(at + 2, end), at))
    at = end + 1
  }
  if (message.elements.length + message.fields.length === 0)
    refuse(
      HEADER.length,
      'an envelope of format 05, 06 or 12, which name a part',
      beside.join(', ') || 'none',
    )
  return message
}

const READERS: Readonly<Record<string, (data: string, at: number, into: Iso15434Message) => void>> = {
  '05': (data, at, into) => into.elements.push(...parseElementString(data, at)),
  '06': (data, at, into) =>
    eachField(data, at, (field, place) => into.fields.push(parseDataField(field, place))),
  '12': (data, at, into) =>
    eachField(data, at, (field, place) => into.fields.push(parseTextElement(field, place))),
}

function eachField(data: string, at: number, read: (field: string, at: number) => void): void {
  let from = at
  for (const field of data.split(GS)) {
    read(field, from)
    from += field.length + 1
  }
}

/** @returns what the envelope is, for a message that holds nothing else */
function passOver(format: string, data: string, at: number): string {
  const other = OTHERS[format]
  if (format === '09') return 'format 09, binary data'
  if (other === undefined) {
    const unread = UNREAD[format]
    return refuse(
      at,
      'a format from 01 to 09, or 12, of ISO/IEC 15434',
      unread === undefined ? format + data : `format ${format}, ${unread}`,
    )
  }
  if (!other.header.test(data)) refuse(at + 2, `${other.expected} behind format ${format}`, data)
  return `format ${format}, ${other.holds}`
}

const BINARY = new RegExp(`^09${GS}[^${GS}${RS}]*${GS}[^${GS}${RS}]*${GS}(\\d{1,9})${GS}`)

/** Format 09 says how many bytes it has, since they may be separators: type, compression and count behind a GS each. */
function binaryEnd(text: string, at: number): number {
  const head = BINARY.exec(text.slice(at))
  if (head === null)
    return refuse(at + 2, 'type, compression and number of bytes of format 09', text.slice(at + 2))
  const end = at + head[0].length + Number(head[1])
  if (text[end] !== RS || end >= text.length - 1)
    refuse(Math.min(end, text.length - 1), `record separator behind ${head[1]} bytes`, text.slice(end))
  return end
}
