import type { Text } from '../api/types.ts'

/** What `/api/modules` and the panels of modules answer, as far as the pages use it. */
export interface ModuleStatus {
  manifest: {
    slug: string
    scenario: number
    title: Text
    link: Text
    summary: Text
    version: string
    limits: Text
    methods: { id: string; name: Text; source: string }[]
  }
  state: 'running' | 'catching-up' | 'paused' | 'needs-reference' | 'failed'
  fault: { code: string; message: string } | null
  lag: number
  activeAlerts: number
  openActions: number
  view: { title: Text; panels: PanelSpec[] } | null
}

export interface PanelSpec {
  kind: string
  title: Text
  help?: Text
  src: string
  w?: 3 | 4 | 6 | 8 | 12
}

/** Every panel says how complete it is; what is missing stands in `needs`. */
export interface PanelState {
  status?: 'ok' | 'insufficient-data' | 'needs-reference' | 'partial'
  needs?: { text: Text; have?: number; need?: number; table?: string } | null
  notes?: Text[]
}

export interface KpiData extends PanelState {
  items: {
    id: string
    title: Text
    value: number | null
    unit: 'ratio' | 'count' | 'per-unit' | 'currency' | 'ms'
    currency?: string
    interval: { low: number; high: number; confidence: number } | null
    good: 'up' | 'down' | null
  }[]
}

export interface TableData extends PanelState {
  columns: { key: string; title: Text }[]
  rows: Record<string, unknown>[]
}
