import type { Recipe } from '../../contracts/index.ts'
import { RULE_FACTS, ruleEnvironment } from './environment.ts'
import { factPaths } from './trace-inputs.ts'

export interface RuleWarning {
  rule: string
  kind: 'contradiction' | 'duplicate' | 'unreachable-pass' | 'no-pass' | 'never'
  text: { zh: string; en: string }
}

const normal = (cel: string): string => cel.replace(/\s+/g, ' ').trim()

/** Finds rules that contradict, repeat or can never decide. Warnings, not errors: the engine stays fail-closed. */
export function lintRules(recipe: Recipe): RuleWarning[] {
  const warnings: RuleWarning[] = []
  const seen = new Map<string, (typeof recipe.rules)[number]>()
  for (const rule of recipe.rules) {
    const key = normal(rule.when)
    const earlier = seen.get(key)
    if (earlier && earlier.verdict !== rule.verdict) {
      warnings.push({
        rule: rule.id,
        kind: 'contradiction',
        text: {
          en: `same condition as "${earlier.id}" but verdict ${rule.verdict} instead of ${earlier.verdict}`,
          zh: `与规则“${earlier.id}”条件相同,但判定为 ${rule.verdict} 而非 ${earlier.verdict}`,
        },
      })
    } else if (earlier) {
      warnings.push({
        rule: rule.id,
        kind: 'duplicate',
        text: { en: `same condition and verdict as "${earlier.id}"`, zh: `与规则“${earlier.id}”重复` },
      })
    }
    seen.set(key, earlier ?? rule)
  }
  const constants = new Map(recipe.rules.map((rule) => [rule.id, constantOf(recipe, rule.when)]))
  for (const rule of recipe.rules) {
    if (constants.get(rule.id) === false)
      warnings.push({
        rule: rule.id,
        kind: 'never',
        text: { en: 'the condition is never met', zh: '条件永不成立' },
      })
  }
  const always = recipe.rules.find((r) => constants.get(r.id) === true && r.verdict !== 'pass')
  for (const rule of recipe.rules) {
    if (always && rule.verdict === 'pass') {
      warnings.push({
        rule: rule.id,
        kind: 'unreachable-pass',
        text: {
          en: `"${always.id}" always matches and wins over pass`,
          zh: `规则“${always.id}”恒成立,优先于合格`,
        },
      })
    }
  }
  if (!recipe.rules.some((r) => r.verdict === 'pass' && constants.get(r.id) !== false)) {
    warnings.push({
      rule: '(all)',
      kind: 'no-pass',
      text: {
        en: 'no rule can pass a part: every part will be held or rejected',
        zh: '没有合格规则:所有工件都会被扣留或剔除',
      },
    })
  }
  return warnings
}

/** What a condition that looks at no fact always is; null for one that looks at some, or cannot be evaluated. */
function constantOf(recipe: Recipe, when: string): boolean | null {
  const condition = ruleEnvironment(recipe.calibration !== undefined).parse(when)
  if (factPaths(condition.ast, RULE_FACTS).length > 0) return null
  try {
    return condition({}) === true
  } catch {
    return null
  }
}
