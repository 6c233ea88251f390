import { z } from 'zod'
import { PART_DISPOSITIONS, type PartDisposition } from '../../contracts/index.ts'
import type { RefReader, SqlRead } from '../kit/io.ts'
import { defineRef, type RefTable } from '../kit/parts.ts'
import { inStreams, type DayRange } from './query.ts'
import type { Stream } from './tables.ts'

const unitCost = z.strictObject({
  /** Product, or `*` for all that have no row of their own. */
  product: z.string().min(1),
  disposition: z.enum(PART_DISPOSITIONS).exclude(['release']),
  /** Money lost per unit with that disposition. */
  costPerUnit: z.number().nonnegative(),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters, ISO 4217'),
})
type UnitCost = z.infer<typeof unitCost>

/** Dispositions hold no slash, so that the key is unique whatever the product is called. */
const keyOf = (product: string, disposition: string): string => `${disposition}/${product}`

export const unitCostTable: RefTable = defineRef<UnitCost>({
  title: { zh: '单件损失成本', en: 'Cost per lost unit' },
  row: unitCost,
  key: (r) => keyOf(r.product, r.disposition),
  required: false,
  maxAgeDays: 400,
  crossCheck: (rows) => {
    const currencies = [...new Set(rows.map((r) => r.currency))]
    return currencies.length < 2
      ? []
      : [
          {
            table: 'unitCosts',
            field: 'currency',
            severity: 'error',
            message: {
              zh: `只能使用一种币种,现有 ${currencies.join('、')}`,
              en: `Use one currency; found ${currencies.join(', ')}`,
            },
          },
        ]
  },
})

const GOES_ON: ReadonlySet<string> = new Set<PartDisposition>(['release', 'use-as-is'])

export interface Copq {
  currency: string | null
  byClass: [label: string, cost: number][]
  total: number
  /** `product/disposition` pairs that occur without a cost. */
  missing: string[]
}

/** Failure cost of condemned units by the class that condemned them; null when the table is missing or stale. */
export function costOfPoorQuality(
  db: SqlRead,
  ref: RefReader,
  streams: readonly Stream[],
  days: DayRange,
): Copq | null {
  if (ref.status('unitCosts') !== 'ok') return null
  const product = new Map(streams.map((s) => [s.stream, s.product]))
  const { where, values } = inStreams(streams, days)
  const byClass = new Map<string, number>()
  const missing = new Set<string>()
  let currency: string | null = null
  for (const r of db.all<{ stream: string; class: string; disposition: string; units: number }>(
    `select stream, class, disposition, sum(units) as units from tally where ${where}
     group by stream, class, disposition having sum(units) > 0 order by class, disposition, stream`,
    ...values,
  )) {
    const name = product.get(r.stream) ?? ''
    const row =
      ref.get('unitCosts', keyOf(name, r.disposition)) ?? ref.get('unitCosts', keyOf('*', r.disposition))
    // A part that goes on as it is may cost nothing.
    if (row === undefined && GOES_ON.has(r.disposition)) continue
    if (row === undefined) {
      missing.add(`${name}/${r.disposition}`)
      continue
    }
    const cost = unitCost.parse(row)
    currency = cost.currency
    byClass.set(r.class, (byClass.get(r.class) ?? 0) + r.units * cost.costPerUnit)
  }
  const total = [...byClass.values()].reduce((a, b) => a + b, 0)
  return { currency, byClass: [...byClass], total, missing: [...missing].sort() }
}
