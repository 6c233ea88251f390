import type { Recipe } from '../../contracts/index.ts'

export interface RuleWarning {
  rule: string
  kind: 'contradiction' | 'duplicate' | 'unreachable-pass' | 'no-pass' | 'unknown-name'
  text: { zh: string; en: string }
}

/** Where a rule names a tool or a measurement: both are texts, which nothing but the recipe knows. */
const NAMES = [
  { of: 'tool', at: /\.tool\s*==\s*(["'])(.*?)\1/g },
  { of: 'measurement', at: /\bmeasurements\s*\[\s*(["'])(.*?)\1\s*\]/g },
] as const

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
  warnings.push(...unknownNames(recipe))
  const always = recipe.rules.find((r) => normal(r.when) === 'true' && r.verdict !== 'pass')
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
  if (!recipe.rules.some((r) => r.verdict === 'pass')) {
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

/** Tools and measurements that the recipe does not have: such a condition is never met. */
function unknownNames(recipe: Recipe): RuleWarning[] {
  const known = {
    tool: recipe.tools.map((t) => t.id),
    measurement: recipe.tools.flatMap((t) => (t.use === 'measure@1' ? t.characteristic : [])),
  }
  return recipe.rules.flatMap((rule) =>
    NAMES.flatMap(({ of, at }) =>
      [...`${rule.when}\n${rule.condemns ?? ''}`.matchAll(at)]
        .map((m) => m[2] ?? '')
        .filter((name, i, all) => all.indexOf(name) === i && !known[of].includes(name))
        .map((name) => ({
          rule: rule.id,
          kind: 'unknown-name' as const,
          text: {
            en: `no ${of} "${name}" in this recipe: ${known[of].join(', ') || 'none'}`,
            zh: `配方中没有${of === 'tool' ? '工具' : '测量'}“${name}”:${known[of].join(', ') || '无'}`,
          },
        })),
    ),
  )
}
