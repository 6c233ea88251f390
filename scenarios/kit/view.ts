import { z } from 'zod'
import type { I18n } from '../../contracts/index.ts'

/** One declarative page per module; one renderer draws all of them. */
export interface View {
  title: I18n
  panels: Panel[]
}

export interface Panel {
  kind: PanelKind
  title: I18n
  help?: I18n
  /** Path of a GET route of the module. */
  src: string
  /** Width in columns of 12. */
  w?: 3 | 4 | 6 | 8 | 12
}

const text = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })

/**
 * A panel always has a status. Without `ok` it says what is missing, in words and in numbers, and holds no
 * invented value.
 */
const state = {
  status: z.enum(['ok', 'insufficient-data', 'needs-reference', 'partial']),
  /** What is missing; null when ok. */
  needs: z
    .strictObject({
      text,
      have: z.number().optional(),
      need: z.number().optional(),
      table: z.string().optional(),
      missing: z.array(z.string()).optional(),
    })
    .nullable(),
}

const interval = z.strictObject({ low: z.number(), high: z.number(), confidence: z.number() })

export const kpiPanelSchema = z.looseObject({
  ...state,
  items: z.array(
    z.strictObject({
      id: z.string(),
      title: text,
      /** null = not known. */
      value: z.number().nullable(),
      /** `ratio` is a share of 0..1; `per-unit` a mean, which may be above 1. */
      unit: z.enum(['ratio', 'count', 'per-unit', 'currency', 'ms']),
      currency: z.string().optional(),
      interval: interval.nullable(),
      good: z.enum(['up', 'down']).nullable(),
    }),
  ),
})

export const controlChartPanelSchema = z.looseObject({
  ...state,
  /** `ratio`: values and limits are shares of 0..1. */
  unit: z.literal('ratio').optional(),
  /** null until the limits are set. */
  centre: z.number().nullable(),
  points: z.array(
    z.looseObject({
      label: z.string(),
      at: z.string(),
      value: z.number(),
      n: z.number(),
      ucl: z.number().nullable(),
      lcl: z.number().nullable(),
      phase: z.enum(['I', 'II']),
      out: z.enum(['above', 'below']).nullable(),
    }),
  ),
})

export const paretoPanelSchema = z.looseObject({
  ...state,
  unit: z.enum(['count', 'currency']),
  currency: z.string().nullable(),
  total: z.number(),
  bars: z.array(
    z.strictObject({ label: z.string(), value: z.number(), share: z.number(), cumulative: z.number() }),
  ),
})

const tablePanelSchema = z.looseObject({
  ...state,
  columns: z.array(z.strictObject({ key: z.string(), title: text })),
  rows: z.array(z.record(z.string(), z.unknown())),
})

/** What the `src` of a panel must return, by kind. */
export const PANEL_DATA = {
  kpi: kpiPanelSchema,
  'control-chart': controlChartPanelSchema,
  pareto: paretoPanelSchema,
  table: tablePanelSchema,
} as const
export type PanelKind = keyof typeof PANEL_DATA

export type Needs = z.infer<typeof kpiPanelSchema>['needs']
export type PanelStatus = z.infer<typeof kpiPanelSchema>['status']
