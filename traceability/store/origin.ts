import { type Identification, lotUri, namesItself, productUri, supplierUri } from '../identity/index.ts'
import type { Origin, UnitFacts } from './inspection-event.ts'
import type { CaptureRecord } from './record-codec.ts'

/**
 * What the part is made of, as far as its codes and the line know: product, the batch printed on it, the material lot in
 * force on the line, its supplier. A trigger number is a name for our own records, so that a unit without a code is
 * not said to be commissioned.
 */
export function originOf(
  { product, context }: CaptureRecord,
  unit: Omit<UnitFacts, 'origin'>,
  identification: Identification,
): Origin {
  const named = { id: product.id, gtin: identification.gtin ?? product.gtin }
  const lots: Origin['lots'] = []
  for (const lot of lotNames(unit.lot, { context })) {
    const uri = lotUri(lot === identification.lot ? named : product, lot)
    const supplier = lot === (context.lot ?? lot) ? context.supplier : undefined
    lots.push(supplier ? { lot: uri, supplier: supplierUri(supplier) } : { lot: uri })
  }
  return {
    lots,
    ...(unit.identifiedBy === 'code' ? { product: productUri(named) } : {}),
    unit: unit.uri,
  }
}

/** The batch printed on the part and the material lot in force on the line; both may be known. */
export const lotNames = (printed: string | null, { context }: Pick<CaptureRecord, 'context'>): string[] =>
  [...new Set([printed, context.lot])].filter((lot) => typeof lot === 'string' && lot !== '') as string[]

/** Other names of the unit that cannot be turned into its URI by reading them again. */
export function storedAliases(
  unit: Omit<UnitFacts, 'origin'>,
  identification: Identification,
): [string, string][] {
  if (unit.identifiedBy !== 'code') return []
  const all = identification.aliases
  // One label that says it all; of several each may say a part only.
  const one = all.length === 2 && all[0]?.scheme === 'barcode' && all[1]?.scheme === 'gs1'
  return one && namesItself(unit, identification.gtin) ? [] : all.map((a) => [a.value, a.scheme])
}
