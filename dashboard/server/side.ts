import type { Registry } from 'prom-client'
import type { Awaitable, FactPort, ModuleHandler, RecipeFacts, RecordQueries } from './ports.ts'
import type { Route } from './route.ts'

/** Whether the server stands beside a line or over the store of a plant. */
export type SiteKind = 'line' | 'plant'

/** What the server answers for: the routes over records are the same, the others are those of a line or of a plant. */
export interface Side {
  kind: SiteKind
  /** What pages ask for only where it is there. */
  offers: { operators: boolean; proof: boolean; timeZone: string | null }
  queries: RecordQueries
  facts: Pick<FactPort, 'recordFact'>
  /** Absent = nonconformance reports are only shown. */
  ncrs?: Pick<FactPort, 'recordNcrStep'>
  /** Of a recipe that judged a stored part; null when it is not known here. */
  recipe(id: string): RecipeFacts | null
  /** What only this side has. */
  routes: Route[]
  handlers: readonly ModuleHandler[]
  registry: Registry
  /** Why it is not ready, in codes and facts; empty = ready. */
  problems(): Awaitable<string[]>
  start(): Promise<void>
  close(): void
}
