import type { ParseResult } from '@marcbachmann/cel-js'
import {
  asCoded,
  CodedError,
  type Disposition,
  type Recipe,
  type RuleSpec,
  type Severity,
  type VerdictResult,
} from '../../contracts/index.ts'
import { ruleEnvironment } from './environment.ts'
import { type RuleDecision, type RuleFacts, toVariables } from './facts.ts'
import { factPaths, readInputs } from './trace-inputs.ts'

const ROOTS = new Set([
  'findings',
  'measurements',
  'codes',
  'scores',
  'quality',
  'registration',
  'part',
  'line',
])
const RESULT_RANK: Record<VerdictResult, number> = { pass: 0, inconclusive: 1, fail: 2 }
const DISPOSITION_RANK: Record<Disposition, number> = { release: 0, rework: 1, hold: 2, scrap: 3 }
const SEVERITY_RANK: Record<Severity, number> = { minor: 0, major: 1, critical: 2 }

export interface CompiledRules {
  /**
   * Judges the facts; pure, the same facts give the same decision.
   *
   * @throws INS_RULE when a condition cannot be evaluated or no rule matches: the caller holds the part
   */
  evaluate(facts: RuleFacts): RuleDecision
}

interface CompiledRule {
  spec: RuleSpec
  when: ParseResult
  condemns: ParseResult | null
  inputs: string[][]
}

/** @throws INS_RULE_INVALID when a condition does not parse, does not type-check, is not boolean or uses `matches` */
export function compileRules(recipe: Recipe): CompiledRules {
  const hasMm = recipe.calibration !== undefined
  const env = ruleEnvironment(hasMm)
  const one = env.clone().registerVariable('finding', 'Finding')
  const compile = (
    environment: typeof env,
    rule: RuleSpec,
    index: number,
    part: 'when' | 'condemns',
    text: string,
  ): ParseResult => {
    const refuse = (actual: string): CodedError =>
      new CodedError('INS_RULE_INVALID', {
        path: `rules[${index}].${part}`,
        expected: 'a boolean CEL condition over the documented variables',
        actual: `${actual.split('\n')[0]} in rule "${rule.id}": ${text}`,
      })
    if (/\bmatches\s*\(/.test(text)) throw refuse('matches(), which can take unbounded time')
    let parsed: ParseResult
    try {
      parsed = environment.parse(text)
    } catch (error) {
      throw refuse(error instanceof Error ? error.message : String(error))
    }
    const check = parsed.check()
    if (!check.valid) throw refuse(check.error?.message ?? 'a type error')
    if (check.type !== 'bool') throw refuse(`a condition of type ${check.type}`)
    return parsed
  }
  const rules = recipe.rules.map((spec, i): CompiledRule => {
    const when = compile(env, spec, i, 'when', spec.when)
    const condemns = spec.condemns === undefined ? null : compile(one, spec, i, 'condemns', spec.condemns)
    return { spec, when, condemns, inputs: factPaths(when.ast, ROOTS) }
  })
  const ruleset = `${recipe.recipe}@${recipe.version}`
  return { evaluate: (facts) => decide(rules, ruleset, facts, hasMm) }
}

function decide(
  rules: readonly CompiledRule[],
  ruleset: string,
  facts: RuleFacts,
  hasMm: boolean,
): RuleDecision {
  const variables = toVariables(facts, hasMm)
  const findings = variables['findings'] as Record<string, unknown>[]
  const defects = new Set<string>()
  const matched: RuleSpec[] = []
  const steps = rules.map((rule) => {
    const hit = truth(rule.when, variables, rule.spec.id)
    const condemned: string[] = []
    if (hit) {
      matched.push(rule.spec)
      if (rule.condemns) {
        for (const finding of findings) {
          if (truth(rule.condemns, { ...variables, finding }, rule.spec.id))
            condemned.push(String(finding['id']))
        }
      }
      if (rule.spec.verdict !== 'pass') condemned.forEach((id) => defects.add(id))
    }
    return {
      rule: rule.spec.id,
      when: rule.spec.when,
      matched: hit,
      inputs: readInputs(rule.inputs, variables),
      defects: condemned,
    }
  })
  const worst = matched.reduce<VerdictResult | null>(
    (a, r) => (a === null || RESULT_RANK[r.verdict] > RESULT_RANK[a] ? r.verdict : a),
    null,
  )
  if (worst === null) {
    throw new CodedError('INS_RULE', {
      expected: 'at least one matching rule',
      actual: 'none',
      hint: 'nothing passes by default: add a rule with verdict pass',
    })
  }
  const deciding = matched.filter((r) => r.verdict === worst)
  return {
    result: worst,
    disposition: deciding
      .map((r) => r.disposition)
      .reduce((a, b) => (DISPOSITION_RANK[b] > DISPOSITION_RANK[a] ? b : a)),
    severity: deciding
      .map((r) => r.severity ?? null)
      .reduce((a, b) => (b !== null && (a === null || SEVERITY_RANK[b] > SEVERITY_RANK[a]) ? b : a), null),
    reasons: deciding.map((r) => r.reason),
    defects: [...defects],
    trace: { ruleset, steps, decidedBy: deciding.map((r) => r.id).join('+') },
  }
}

function truth(expression: ParseResult, variables: Record<string, unknown>, rule: string): boolean {
  try {
    const value: unknown = expression(variables)
    if (typeof value === 'boolean') return value
    throw new CodedError('INS_RULE', {
      expected: 'true or false',
      actual: String(value),
      hint: `rule "${rule}"`,
    })
  } catch (error) {
    throw asCoded(error, 'INS_RULE', { hint: `rule "${rule}"` })
  }
}
