import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, type I18n, type LineSpec, type Verdict } from '../../contracts/index.ts'
import { type Canary, canaryJob, type LoadedRecipe, LocalInspector } from '../../inspection/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelSetup } from '../setup/models.ts'
import type { LineConfig } from './config.ts'
import { partContext } from './part-context.ts'

/**
 * Has a recipe judge its own golden template.
 *
 * @returns null where it has none of its own
 * @throws INS_CANARY when it cannot judge it: it never could judge a part
 */
export async function judgeGolden(
  inspector: LocalInspector,
  spec: LineSpec,
  { id, recipe, dir }: LoadedRecipe,
): Promise<{ canary: Canary; verdict: Verdict } | null> {
  if (recipe.golden?.from !== 'file') return null
  const frame: Canary = {
    name: `golden template of ${id}`,
    recipe: id,
    context: partContext(spec, 'canary', recipe.product.id),
    bytes: await readFile(join(dir, recipe.golden.file)),
    format: { kind: 'encoded', mime: 'image/png' },
    expect: { result: 'pass' },
  }
  const { verdict } = await inspector.inspectFirst(canaryJob(frame))
  if (verdict.noVerdict) {
    throw new CodedError('INS_CANARY', {
      path: id,
      expected: 'a recipe that can judge its own golden template',
      actual: verdict.noVerdict.message,
      hint: 'check golden template, quality limits and tools of the recipe',
    })
  }
  const expect = { result: verdict.result, classes: verdict.findings.map((f) => f.class) }
  return { canary: { ...frame, expect }, verdict }
}

/** Why a recipe that can judge will let few parts pass: the one that all are compared with does not; null = it does. */
export function goldenDoubt({ result, reasons, trace }: Verdict): I18n | null {
  if (result === 'pass') return null
  const [en, zh] = (['en', 'zh'] as const).map((l) => reasons.map((r) => r[l]).join('; '))
  return {
    en: `the golden template itself is judged ${result} (${en || trace.decidedBy}): hardly a part will pass`,
    zh: `黄金模板自身的判定为 ${result}(${zh || trace.decidedBy}):几乎没有工件能通过`,
  }
}

/**
 * Judges the golden template of every recipe of a line, on one worker and the CPU.
 *
 * @returns what to warn of, by recipe
 * @throws MDL_*, INS_* of a recipe that does not load or cannot judge its own
 */
export async function checkGoldens(
  { spec, recipes }: LineConfig,
  environment: Environment,
): Promise<{ recipe: string; kind: 'golden'; text: I18n }[]> {
  const own = [...new Map([...recipes.values()].map((r) => [r.id, r])).values()].filter(
    (r) => r.recipe.golden?.from === 'file',
  )
  if (own.length === 0) return []
  // Not those of the line, which the machine where a line file is written need not have.
  const models = await modelSetup(['cpu'], environment)
  const inspector = await LocalInspector.start({ workers: 1, buffers: [], recipes: own, models })
  try {
    const warnings: { recipe: string; kind: 'golden'; text: I18n }[] = []
    for (const recipe of own) {
      const judged = await judgeGolden(inspector, spec, recipe)
      const text = judged && goldenDoubt(judged.verdict)
      if (text) warnings.push({ recipe: recipe.id, kind: 'golden', text })
    }
    return warnings
  } finally {
    await inspector.close()
  }
}
