import type { z } from 'zod'
import type { I18n, QEvent } from '../../contracts/index.ts'
import type { ProjectCtx } from './io.ts'
import type { ActionType, ComputeJob, RefTable, Route } from './parts.ts'
import type { View } from './view.ts'

export interface ModuleManifest {
  slug: string
  /** Number in the guideline, 1..40. */
  scenario: number
  title: I18n
  /** The link (环节) the scenario belongs to. */
  link: I18n
  /** One sentence: who acts on what. */
  summary: I18n
  /** A new version drops the module's state and replays the log. */
  version: string
  owner: 'quality' | 'planning' | 'equipment' | 'ehs' | 'supply' | 'sales' | 'engineering' | 'it' | 'hr'
  fit: 'A' | 'B' | 'C'
  /** What it does not claim. */
  limits: I18n
  methods: { id: string; name: I18n; source: string }[]
}

/** Which events reach `project`; a type may end in `.*`. */
export interface Subscription {
  types: string[]
  where?: (e: QEvent) => boolean
}

/** Everything of a module that depends on its parameters. */
export interface ModuleBody {
  subscribe: Subscription
  ref: Record<string, RefTable>
  /** SQL, append-only; a changed entry drops the state and replays. Table names must not begin with `_`. */
  schema: string[]
  /** Synchronous and cheap: counters and rows only. */
  project(e: QEvent, ctx: ProjectCtx): void
  /** Data schemas of the `mod.<slug>.*` events it emits. */
  emits: Record<string, z.ZodType>
  jobs: Record<string, ComputeJob>
  actions: Record<string, ActionType>
  routes: Route[]
  view: View
}

export interface ScenarioModule {
  manifest: ModuleManifest
  /** Strict schema of the module's entry in the line file, `use` left out. */
  params: z.ZodType
  /** @throws ZodError when the parameters do not match */
  build(params: unknown): ModuleBody
}

/** A module as its author writes it: `build` gets parsed parameters. */
export function defineModule<P>(m: {
  manifest: ModuleManifest
  params: z.ZodType<P>
  build(params: P): ModuleBody
}): ScenarioModule {
  return { manifest: m.manifest, params: m.params, build: (raw) => m.build(m.params.parse(raw)) }
}
