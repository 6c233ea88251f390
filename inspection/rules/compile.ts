import type { Environment, ParseResult } from '@marcbachmann/cel-js'
import {
  asCoded,
  CodedError,
  type Disposition,
  type Recipe,
  type RuleSpec,
  type Severity,
  type VerdictResult,
} from '../../contracts/index.ts'
import { nodesOf } from './ast.ts'
import { RULE_FACTS, ruleEnvironment } from './environment.ts'
import { canLeaveNumbers, finiteEnvironment, finiteText } from './finite-arithmetic.ts'
import { type RuleDecision, type RuleFacts, toVariables } from './facts.ts'
import { factPaths, readInputs } from './trace-inputs.ts'

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
  /** Whether a rule looks at findings; others see the image scores, which count all that was found. */
  readsFindings: boolean
}

interface Condition {
  rule: string
  written: ParseResult
  /** The same, but an error where a number is NaN or infinite; null where none can be. */
  finite: ParseResult | null
}

interface CompiledRule {
  spec: RuleSpec
  when: Condition
  condemns: Condition | null
  inputs: string[][]
}

/** @throws INS_RULE_INVALID when a condition does not parse, does not type-check, is not boolean or uses `matches` */
export function compileRules(recipe: Recipe): CompiledRules {
  const ofPart = ruleEnvironment(recipe.calibration !== undefined)
  const ofFinding = ofPart.clone().registerVariable('finding', 'Finding')
  const rules = recipe.rules.map((spec, i): CompiledRule => {
    const when = compile(ofPart, spec, `rules[${i}].when`, spec.when)
    const condemns =
      spec.condemns === undefined ? null : compile(ofFinding, spec, `rules[${i}].condemns`, spec.condemns)
    return { spec, when, condemns, inputs: factPaths(when.written.ast, RULE_FACTS) }
  })
  const ruleset = `${recipe.recipe}@${recipe.version}`
  return {
    evaluate: (facts) => decide(rules, ruleset, facts),
    readsFindings: rules.some((r) => r.condemns !== null || r.inputs.some(([root]) => root === 'findings')),
  }
}

function compile(environment: Environment, rule: RuleSpec, path: string, text: string): Condition {
  const refuse = (actual: string): CodedError =>
    new CodedError('INS_RULE_INVALID', {
      path,
      expected: 'a boolean CEL condition over the documented variables',
      actual: `${actual.split('\n')[0]} in rule "${rule.id}": ${text}`,
    })
  const checked = (env: Environment, source: string): ParseResult => {
    let parsed: ParseResult
    try {
      parsed = env.parse(source)
    } catch (error) {
      throw refuse(error instanceof Error ? error.message : String(error))
    }
    const check = parsed.check()
    if (!check.valid) throw refuse(check.error?.message ?? 'a type error')
    if (check.type !== 'bool') throw refuse(`a condition of type ${check.type}`)
    return parsed
  }
  const written = checked(environment, text)
  const nodes = [...nodesOf(written.ast)]
  if (nodes.some(({ op, args }) => (op === 'call' || op === 'rcall') && args[0] === 'matches'))
    throw refuse('matches(), which can take unbounded time')
  const finite = nodes.some(canLeaveNumbers)
    ? checked(finiteEnvironment(environment, rule.id), finiteText(written.ast))
    : null
  return { rule: rule.id, written, finite }
}

function decide(rules: readonly CompiledRule[], ruleset: string, facts: RuleFacts): RuleDecision {
  const variables = toVariables(facts)
  const defects = new Set<string>()
  const matched: RuleSpec[] = []
  const steps = rules.map((rule) => {
    const hit = truth(rule.when, variables)
    const condemned: string[] = []
    if (hit) {
      matched.push(rule.spec)
      if (rule.condemns) {
        for (const finding of variables.findings) {
          if (truth(rule.condemns, { ...variables, finding })) condemned.push(finding.id)
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

/** First as it is written, whose faults then quote what its author wrote. */
function truth({ rule, written, finite }: Condition, variables: object): boolean {
  const hint = `rule "${rule}"`
  const of = (condition: ParseResult): boolean => {
    const value: unknown = condition(variables)
    if (typeof value === 'boolean') return value
    throw new CodedError('INS_RULE', { expected: 'true or false', actual: String(value), hint })
  }
  try {
    const value = of(written)
    return finite === null ? value : of(finite)
  } catch (error) {
    throw asCoded(error, 'INS_RULE', { hint })
  }
}
