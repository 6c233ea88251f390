/** `returned` is to go back to its supplier, `back` came back from a customer. */
export type Place = 'line' | 'held' | 'packed' | 'shipped' | 'back' | 'used' | 'scrapped' | 'returned'

/** Where a unit is, as far as the records say. */
export interface Whereabouts {
  uri: string
  serial: string
  product: string
  lot: string | null
  place: Place
  /** Product that it is a part of, by its short name: the place is that of the product. */
  into: string | null
  /** Outermost box or pallet it lies in. */
  pallet: string | null
  shipment: string | null
  customer: string | null
  order: string | null
  /** When it last came back from where it had been shipped, from whom or what, and to which place; null while it is away. */
  returnedAt: string | null
  returnedFrom: string | null
  returnedTo: string | null
  /** Last station that judged it, and when; null when it never was. */
  station: string | null
  judgedAt: string | null
  /** In force: what became of it there, or what a person decided after it. */
  disposition: string | null
}
