import { renderBoard, type SampleBoard } from './board.ts'
import { DEFECT_CLASSES, type DefectClass } from './defect-shapes.ts'
import { createSampleProduct, type SampleProduct } from './product.ts'
import { createRng, mixSeed } from './rng.ts'

export interface SampleLineOptions {
  /** Boards to make; Infinity runs until the consumer stops. */
  count: number
  /** Share of boards with defects, 0..1. */
  defectRate: number
  /** Boards per lot. */
  lotSize?: number
  /** Number of the first board; the serial is `SL` and eight digits. */
  firstSerial?: number
  product?: SampleProduct
}

/** Serial and lot of the n-th board (from 0) of a line. */
export function sampleIdentity(
  n: number,
  firstSerial: number,
  lotSize: number,
): { serial: string; lot: string } {
  return {
    serial: `SL${String(firstSerial + n).padStart(8, '0')}`,
    lot: `L${String(1 + Math.floor((firstSerial + n) / lotSize)).padStart(4, '0')}`,
  }
}

/** The defects of board n: drawn from the seed, so that board n is the same however many are made. */
function sampleDefects(seed: number, n: number, defectRate: number): DefectClass[] {
  const rng = createRng(mixSeed(seed, n))
  if (!rng.chance(defectRate)) return []
  return Array.from({ length: rng.pick([1, 1, 1, 2, 2, 3]) }, () => rng.pick(DEFECT_CLASSES))
}

/** Boards of one product, one after the other, as a line would deliver them. */
export async function* sampleLine(seed: number, options: SampleLineOptions): AsyncGenerator<SampleBoard> {
  const product = options.product ?? createSampleProduct(seed)
  for (let n = 0; n < options.count; n++) {
    yield await renderBoard(product, {
      ...sampleIdentity(n, options.firstSerial ?? 1, options.lotSize ?? 50),
      seed: mixSeed(seed, n),
      defects: sampleDefects(seed, n, options.defectRate),
    })
  }
}
