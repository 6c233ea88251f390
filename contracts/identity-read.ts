import type { ErrorFact } from './errors.ts'
import type { CodeRead } from './finding.ts'

/** What a scanner or tag reader beside the line read. */
export interface IdentityRead {
  /** Id of the source in the line file. */
  source: string
  /** Content as sent, FNC1 as \u001d; of a tag `urn:epc:raw:<bits>.x<hex>`; empty = it was asked and read nothing. */
  text: string
  /** ISO/IEC 15424 symbology identifier, empty when the reader sent none. */
  symbologyId: string
  /**
   * When the part was at the reader, in ms of `monoMs`: when it began to arrive here, or of a tag the strongest read of
   * its pass.
   */
  atMs: number
  /** Reader's antenna; null for scanners. */
  antenna: number | null
  /** Strongest signal of the pass; null for scanners. */
  rssiDbm: number | null
  /** How often the code was seen in this pass. */
  count: number
  /** Trigger the sender says it belongs to. */
  trigger: number | null
  /** Encoder count the sender says it was read at. */
  position: number | null
}

/** How a read found its part: in the image itself, or beside the camera. */
export type AssociatedBy = 'direct' | 'trigger' | 'time' | 'encoder' | 'fifo' | 'manual'

/** A read beside the camera that was given to a part; `tool` is `reader:<id>` or `station:<id>`, which no tool is called. */
export interface AssociatedRead extends CodeRead {
  associatedBy: Exclude<AssociatedBy, 'direct'>
}

export type IdentityItem = { kind: 'read'; read: IdentityRead } | { kind: 'fault'; error: ErrorFact }

export interface IdentitySourceHealth {
  state: 'closed' | 'connecting' | 'running'
  reads: number
  /** Messages that were no reads: broken, too long, of an unknown form. */
  refused: number
  connects: number
  error: ErrorFact | null
}

/** Port of everything that reads identities beside the camera. */
export interface IdentitySource {
  readonly id: string
  readonly adapter: string
  /**
   * Starts reading; a device that is not there yet is tried again and again. Reads come one by one, in the order of the
   * device, until `close`.
   *
   * @throws CFG_PORT_IN_USE, CAM_OPEN when the source cannot listen at all
   */
  open(listener: (item: IdentityItem) => void): Promise<void>
  health(): IdentitySourceHealth
  close(): Promise<void>
}
