/** What an EPCIS event says about what is in or was made of what, in canonical URIs. */
export type EpcisLink =
  | {
      op: 'open'
      child: string
      parent: string
      kind: 'associate' | 'transform' | 'aggregate'
      quantity: number | null
      uom: string | null
    }
  /** `child` null = everything that is in `parent`. */
  | { op: 'close'; child: string | null; parent: string; kind: 'associate' | 'aggregate' }

/** A unit or lot that an event brings into being. */
export interface EpcisThing {
  uri: string
  /** Serial of a unit, name of a lot. */
  name: string
  kind: 'unit' | 'lot'
  gtin: string
  lot: string | null
}

/** Something that an event says was packed, or left. */
export interface EpcisMove {
  uri: string
  kind: 'aggregate' | 'ship'
}

/** A checked event on its way to the log. */
export interface EpcisItem {
  eventID: string
  hash: string
  event: Record<string, unknown>
  context: unknown
  /** First thing the event is about. */
  subject: string
  /** UTC, milliseconds: when what the links say began or ended. */
  at: string
  /** The event declares an error in the one with the same id. */
  declaresError: boolean
  links: EpcisLink[]
  things: EpcisThing[]
  /** Lots of units among them that the event says otherwise than by a plain `cbvmda:lotNumber`. */
  lots: Record<string, string>
  moves: EpcisMove[]
  /** The same by the hash of older programs, where its id in the log is made from that and is another: it may be there so. */
  former?: EpcisItem
}

export interface EpcisCaptureRequest {
  /** Id of the capture job. */
  capture: string
  /** Record time, UTC, milliseconds. */
  recordTime: string
  source: { plant: string; line: string }
  items: EpcisItem[]
  masterData: {
    context: unknown
    elements: { vocabulary: string; id: string; attributes: Record<string, unknown>[]; children: string[] }[]
  } | null
  /** All or nothing: one event that is refused refuses all. */
  rollback: boolean
}

/** Per item: where it stands in the log, or why it does not. */
export type EpcisItemAck =
  | {
      eventID: string
      position: number
      repeated: boolean
      /** Why what it says should not have happened, in the words of TRC_HELD; absent = nothing is against it. */
      contradicts?: string[]
    }
  /** The id is taken by an event of other content. */
  | { eventID: string; conflict: number }

export interface EpcisCaptureAck {
  written: boolean
  items: EpcisItemAck[]
}
