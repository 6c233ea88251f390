import type { Gs1Element } from '../gs1/index.ts'

/** An electronic product code, decoded. */
export interface Epc {
  /** Scheme of the tag, e.g. `sgtin-96`, `sgtin+`; of a URI the scheme of the pure identity, e.g. `sgtin`. */
  scheme: string
  /** Filter value of the tag, 0..7 (15 of `usdod-96`, 63 of `adi-var`); null where the scheme or the URI has none. */
  filter: number | null
  /** `urn:epc:id:...`; null for schemes that know no company prefix length (TDS 2.0 and later). */
  pureIdentity: string | null
  /** The same identity in GS1 application identifiers; empty for schemes that are no GS1 key. */
  elements: Gs1Element[]
}
