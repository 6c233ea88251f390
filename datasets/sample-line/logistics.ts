import { type TraceFact, uuidv5 } from '../../contracts/index.ts'

/** Boards whose serials follow each other go into one box, boxes onto one pallet, when they were released. */
const BOARDS_PER_BOX = 8
const BOXES_PER_PALLET = 4
/** Ids of facts come from what they say, so that a line that starts again states nothing twice. */
const NAMESPACE = 'b0a2d1f4-6f0e-5c39-9a57-3d0a5a7c8414'

const MATERIALS = [
  { prefix: 'LAM', product: 'laminate-fr4', supplier: 'laminate-works', quantity: 60, uom: 'C62' },
  { prefix: 'CUF', product: 'copper-foil-35um', supplier: 'foil-mill', quantity: 12.5, uom: 'KGM' },
] as const
const CUSTOMERS = ['controls-gmbh', 'drives-ltd', 'meters-co'] as const

/** A released board of the sample line. */
export interface SampleUnit {
  serial: string
  lot: string
  /** RFC 3339, UTC. */
  at: string
}

const name = (prefix: string, n: number): string => `${prefix}${String(n).padStart(5, '0')}`

/**
 * What the plant around the sample line does: material arrives for every lot, released boards are packed into boxes,
 * full boxes onto pallets, and full pallets are shipped for an order. Boards come in the order of their serials.
 */
export class SampleLogistics {
  readonly #line: string
  #lot = ''
  #box = 0
  #packed = false

  constructor(line: string) {
    this.#line = line
  }

  /** Facts that one judged board gives rise to, in the order they must be stated. */
  after({ serial, lot, at }: SampleUnit, released: boolean): TraceFact[] {
    const facts: TraceFact[] = []
    if (lot !== this.#lot) facts.push(...this.#material(lot, at))
    this.#lot = lot
    const box = 1 + Math.floor((Number(serial.replace(/^\D+/, '')) - 1) / BOARDS_PER_BOX)
    if (box !== this.#box && this.#packed) facts.push(...this.#closed(this.#box, box, at))
    if (box !== this.#box) this.#packed = false
    this.#box = box
    if (!released) return facts
    this.#packed = true
    const [child, parent] = [`unit/${serial}`, `box/${name('B', box)}`]
    facts.push({ ...this.#base(`pack ${child}`, at), kind: 'aggregate', child, parent, certainty: 'certain' })
    return facts
  }

  #material(lot: string, at: string): TraceFact[] {
    return MATERIALS.flatMap(({ prefix, ...what }) => {
      const material = `${prefix}-${lot}`
      const child = `lot/${lot}`
      const parent = `lot/${material}`
      return [
        { ...this.#base(`receive ${material}`, at), kind: 'receive', lot: material, ...what },
        { ...this.#base(`use ${material}`, at), kind: 'transform', child, parent, certainty: 'certain' },
      ] satisfies TraceFact[]
    })
  }

  /** A box is full when a board of the next one comes. */
  #closed(box: number, next: number, at: string): TraceFact[] {
    const pallet = 1 + Math.floor((box - 1) / BOXES_PER_PALLET)
    const child = `box/${name('B', box)}`
    const parent = `pallet/${name('P', pallet)}`
    const facts: TraceFact[] = [
      { ...this.#base(`stack ${child}`, at), kind: 'aggregate', child, parent, certainty: 'certain' },
    ]
    if (pallet === 1 + Math.floor((next - 1) / BOXES_PER_PALLET)) return facts
    const customer = CUSTOMERS[pallet % CUSTOMERS.length] ?? CUSTOMERS[0]
    facts.push({
      ...this.#base(`ship ${parent}`, at),
      kind: 'ship',
      child: parent,
      shipment: name('S', pallet),
      customer,
      order: name('PO-', 1 + Math.floor((pallet - 1) / 2)),
    })
    return facts
  }

  #base(what: string, at: string): Pick<TraceFact, 'id' | 'at' | 'by' | 'simulated'> {
    return { id: uuidv5(NAMESPACE, `${this.#line} ${what}`), at, by: 'sample-line', simulated: true }
  }
}
