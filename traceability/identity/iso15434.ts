import { type DataField, parseDataField } from './data-identifiers.ts'
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
  /** Of format 06, ASC MH10 data identifiers. */
  fields: DataField[]
}

/**
 * Message of ISO/IEC 15434: `[)>` RS, format envelopes closed by RS, EOT. Also what a DataMatrix with Macro 05 or 06
 * says. Null when the text does not begin like one.
 *
 * @throws TRC_IDENTITY with the character position, also for formats other than 05 and 06
 */
export function parseIso15434(text: string): Iso15434Message | null {
  if (!text.startsWith('[)>')) return null
  if (!text.startsWith(HEADER)) refuse(3, 'record separator behind the header', text.slice(3))
  if (!text.endsWith(RS + EOT))
    refuse(text.length, 'record separator and end of transmission', text.slice(-6))
  const message: Iso15434Message = { elements: [], fields: [] }
  let at = HEADER.length
  for (const envelope of text.slice(at, -2).split(RS)) {
    const format = envelope.slice(0, 2)
    if (format !== '05' && format !== '06') refuse(at, 'format 05 or 06', envelope)
    if (envelope[2] !== GS) refuse(at + 2, 'group separator behind the format', envelope.slice(2))
    const start = at + 3
    if (format === '05') message.elements.push(...parseElementString(envelope.slice(3), start))
    else {
      let from = start
      for (const field of envelope.slice(3).split(GS)) {
        message.fields.push(parseDataField(field, from))
        from += field.length + 1
      }
    }
    at += envelope.length + 1
  }
  return message
}
