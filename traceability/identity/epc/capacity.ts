import { refuse } from '../refuse.ts'
import type { EpcParts } from './keys.ts'
import { type EpcScheme, PREFIX_BITS } from './schemes.ts'

/** Places of the fields in the URI as read. */
interface Places {
  ref: number
  serial: number
}

/**
 * Whether a tag of that scheme holds these fields of a tag URI: numbers have no leading zeros and fit their bits (TDS
 * 1.13, section 14.6). Lengths and characters that hold for every form of the key are not its matter.
 *
 * @throws TRC_IDENTITY
 */
export function checkCapacity(scheme: EpcScheme, { prefix, ref, serial }: EpcParts, at: Places): void {
  const partition = 12 - prefix.length
  const { kind, size } = scheme.serial
  if (scheme.ref === 'integer') {
    checkInteger(ref, scheme.keyBits - (PREFIX_BITS[partition] ?? 0), at.ref, `a reference of ${scheme.tag}`)
    checkLength(ref, scheme.refDigits + partition, at.ref, `a reference of ${scheme.tag}`)
  }
  if (kind === 'int') checkInteger(serial, size, at.serial, `a serial of ${scheme.tag}`)
  // A leading 1 keeps the zeros.
  if (kind === 'numeric') checkInteger(`1${serial}`, size, at.serial, `a serial of ${scheme.tag}`)
  if (kind === 'text') checkLength(serial, size, at.serial, `a serial of ${scheme.tag}`)
}

function checkInteger(text: string, bits: number, at: number, what: string): void {
  if (!/^(?:0|[1-9]\d*)$/.test(text)) refuse(at, `${what}: a number without leading zeros`, text)
  if (BigInt(text) >> BigInt(bits) > 0n) refuse(at, `${what}: a number of at most ${bits} bits`, text)
}

function checkLength(text: string, most: number, at: number, what: string): void {
  if (text.length > most) refuse(at, `${what} of at most ${most} characters`, text)
}
