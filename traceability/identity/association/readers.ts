import type { AssociationSpec, CodeRead, IdentityRead } from '../../../contracts/index.ts'
import { type PlacedRead, ReadMatcher } from './read-matcher.ts'

/** A read beside the line on the axis of its association. */
export interface ReaderRead extends PlacedRead {
  read: IdentityRead
}

type Placed = Exclude<AssociationSpec, { by: 'fifo' }>

/**
 * Matcher of a section of the line file. `take` wants the part's place on the same axis: its trigger number, the ms of
 * its trigger, or the encoder count at its trigger.
 *
 * @throws CFG_INVALID when places of neighbours would overlap
 */
export function readerMatcher(spec: Placed): ReadMatcher<ReaderRead> {
  switch (spec.by) {
    case 'trigger':
      return new ReadMatcher({ offset: 0, tolerance: 0, spacing: 1 })
    case 'time':
      return new ReadMatcher({ offset: spec.offsetMs, tolerance: spec.toleranceMs, spacing: spec.spacingMs })
    case 'encoder': {
      const { offset, tolerance, spacing, modulus } = spec
      return new ReadMatcher({ offset, tolerance, spacing, ...(modulus !== undefined && { modulus }) })
    }
  }
}

/** A read without what its association goes by lies nowhere, and no part gets it. */
export function placeRead(read: IdentityRead, { by }: Placed): ReaderRead {
  const nowhere = Number.NaN
  const at =
    by === 'time' ? read.atMs : by === 'encoder' ? (read.position ?? nowhere) : (read.trigger ?? nowhere)
  return { read, text: read.text, at }
}

/** The read as a code of the part, beside those that the image tools found. */
export const readAsCode = ({ source, text, symbologyId }: IdentityRead): CodeRead => ({
  tool: source,
  ok: true,
  symbology: text.startsWith('urn:epc:') ? 'RFID' : '',
  symbologyId,
  text,
  corners: [],
})
