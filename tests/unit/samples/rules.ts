import { CodedError, type Finding, type Recipe, recipeSchema } from '../../../contracts/index.ts'
import type { RuleFacts } from '../../../inspection/rules/index.ts'

const t = { zh: '文', en: 'text' }
export type RuleInput = Record<string, unknown>

/** A recipe of one blob tool with these rules. */
export function recipe(rules: RuleInput[], extra: Record<string, unknown> = {}): Recipe {
  return recipeSchema.parse({
    recipe: 'demo',
    version: 1,
    title: t,
    product: { id: 'p' },
    view: { widthPx: 10, heightPx: 10 },
    tools: [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: 50 }],
    rules: rules.map((r, i) => ({ id: `r${i}`, reason: t, ...r })),
    ...extra,
  })
}

export const finding = (id: string, cls: string, score: number): Finding => ({
  id,
  tool: 'b',
  use: 'blob@1',
  class: cls,
  score,
  box: [0, 0, 4, 2],
  areaPx: 8,
  rois: ['board'],
})

export const facts = (over: Partial<RuleFacts> = {}): RuleFacts => ({
  findings: [],
  measurements: [],
  codes: [],
  scores: {},
  quality: null,
  registration: null,
  context: { line: 'l', plant: 'p', station: 's', product: 'p', shift: 'day' },
  ...over,
})

export const pass = { when: 'true', verdict: 'pass', disposition: 'release' }
export const codeOf = (f: () => unknown): string => {
  try {
    f()
  } catch (e) {
    return e instanceof CodedError ? e.code : String(e)
  }
  return 'nothing thrown'
}
