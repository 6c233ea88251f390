import { type Gs1Element, withCheckDigit } from '../gs1/index.ts'
import type { EpcId } from './schemes.ts'

/** Parts of an EPC as its pure identity URI names them. */
export interface EpcParts {
  prefix: string
  ref: string
  /** ITIP only: piece and total, two digits each. */
  pieces?: string
  serial: string
}

/** GS1 keys of an EPC: TDS 1.13, section 7, correspondence between EPCs and GS1 keys. */
export function elementsOf(id: EpcId, { prefix, ref, pieces = '', serial }: EpcParts): Gs1Element[] {
  // The indicator or extension digit stands first in the reference and first in the key.
  const leading = (): string => withCheckDigit(ref.slice(0, 1) + prefix + ref.slice(1))
  const key = (): string => withCheckDigit(prefix + ref)
  const el = (ai: string, value: string): Gs1Element => ({ ai, value })
  switch (id) {
    case 'sgtin':
      return [el('01', leading()), el('21', serial)]
    case 'itip':
      return [el('8006', leading() + pieces), el('21', serial)]
    case 'sscc':
      return [el('00', leading())]
    case 'sgln':
      // An extension of a single 0 stands for none.
      return serial === '0' ? [el('414', key())] : [el('414', key()), el('254', serial)]
    case 'grai':
      return [el('8003', `0${key()}${serial}`)]
    case 'giai':
      return [el('8004', prefix + ref)]
    case 'gsrn':
      return [el('8018', key())]
    case 'gsrnp':
      return [el('8017', key())]
    case 'gdti':
      return [el('253', key() + serial)]
    case 'sgcn':
      return [el('255', key() + serial)]
    case 'cpi':
      return [el('8010', prefix + ref), el('8011', serial)]
    case 'pgln':
      return [el('417', key())]
    case 'gsin':
      return [el('402', key())]
    case 'ginc':
      return [el('401', prefix + ref)]
    case 'upui':
      return [el('01', leading()), el('235', serial)]
  }
}

/** Characters that URNs of EPCs escape: TDS 1.13, table A-1. */
const escapeEpc = (text: string): string =>
  text.replace(/["#%&/<>?]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const NO_SERIAL: readonly EpcId[] = ['sscc', 'giai', 'gsrn', 'gsrnp', 'pgln', 'gsin', 'ginc']

export const hasSerial = (id: EpcId): boolean => !NO_SERIAL.includes(id)

export function pureIdentityOf(id: EpcId, { prefix, ref, pieces, serial }: EpcParts): string {
  const parts = [prefix, escapeEpc(ref)]
  if (pieces !== undefined) parts.push(pieces.slice(0, 2), pieces.slice(2))
  if (hasSerial(id)) parts.push(escapeEpc(serial))
  return `urn:epc:id:${id}:${parts.join('.')}`
}
