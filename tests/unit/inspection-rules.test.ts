import { describe, expect, it } from 'vitest'
import { CodedError, type Finding, type Recipe, recipeSchema } from '../../contracts/index.ts'
import { compileRules, limitState, lintRules, type RuleFacts } from '../../inspection/rules/index.ts'

const t = { zh: '文', en: 'text' }
type RuleInput = Record<string, unknown>

function recipe(rules: RuleInput[], extra: Record<string, unknown> = {}): Recipe {
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

const finding = (id: string, cls: string, score: number): Finding => ({
  id,
  tool: 'b',
  use: 'blob@1',
  class: cls,
  score,
  box: [0, 0, 4, 2],
  areaPx: 8,
  rois: ['board'],
})

const facts = (over: Partial<RuleFacts> = {}): RuleFacts => ({
  findings: [],
  measurements: [],
  codes: [],
  scores: {},
  quality: null,
  registration: null,
  context: { line: 'l', plant: 'p', station: 's', product: 'p', shift: 'day' },
  ...over,
})

const pass = { when: 'true', verdict: 'pass', disposition: 'release' }
const codeOf = (f: () => unknown): string => {
  try {
    f()
  } catch (e) {
    return e instanceof CodedError ? e.code : String(e)
  }
  return 'nothing thrown'
}

describe('rules', () => {
  it('lets the worst matching verdict win, whatever the order, and keeps every cause', () => {
    const rules = [
      pass,
      {
        when: 'findings.exists(f, f.class == "spur")',
        condemns: 'finding.class == "spur"',
        verdict: 'fail',
        disposition: 'rework',
        severity: 'minor',
      },
      {
        when: 'findings.exists(f, f.class == "open")',
        condemns: 'finding.class == "open"',
        verdict: 'fail',
        disposition: 'scrap',
        severity: 'critical',
      },
      { when: 'findings.size() > 0', verdict: 'inconclusive', disposition: 'hold' },
    ]
    const d = compileRules(recipe(rules)).evaluate(
      facts({ findings: [finding('b/0', 'open', 1), finding('b/1', 'spur', 1), finding('b/2', 'x', 1)] }),
    )
    expect(d).toMatchObject({
      result: 'fail',
      disposition: 'scrap',
      severity: 'critical',
      defects: ['b/1', 'b/0'],
    })
    expect(d.trace.decidedBy).toBe('r1+r2')
    expect(d.trace.steps.map((s) => s.matched)).toEqual([true, true, true, true])
    expect(d.trace.steps[1]?.inputs).toEqual({ 'findings.size()': 3 })
    const reversed = compileRules(recipe([...rules].reverse())).evaluate(
      facts({ findings: [finding('b/0', 'open', 1)] }),
    )
    expect(reversed.result).toBe('fail')
  })

  it('passes nothing by default', () => {
    const rules = compileRules(
      recipe([{ when: 'findings.size() > 0', verdict: 'fail', disposition: 'scrap' }]),
    )
    expect(codeOf(() => rules.evaluate(facts()))).toBe('INS_RULE')
  })

  it('holds on a fact that is not there instead of guessing', () => {
    const rules = compileRules(
      recipe([{ when: 'scores["a.score"] > 0.5', verdict: 'fail', disposition: 'scrap' }, pass]),
    )
    expect(codeOf(() => rules.evaluate(facts()))).toBe('INS_RULE')
    expect(rules.evaluate(facts({ scores: { 'a.score': 0.7 } })).result).toBe('fail')
    expect(rules.evaluate(facts({ scores: { 'a.score': 0.7 } })).trace.steps[0]?.inputs).toEqual({
      'scores.a.score': 0.7,
    })
  })

  it.each([
    ['a typing error in a field', 'findings.exists(f, f.scor > 0.5)'],
    ['a syntax error', 'findings.exists(f, '],
    ['a number', 'findings.size()'],
    ['matches(), unbounded in time', 'findings.exists(f, f.class.matches("(a+)+$"))'],
    ['millimetres without calibration', 'findings.exists(f, f.lengthMm > 0.5)'],
    ['an unknown variable', 'finding.score > 1.0'],
  ])('refuses %s when it is loaded', (_name, when) => {
    expect(codeOf(() => compileRules(recipe([{ when, verdict: 'fail', disposition: 'scrap' }])))).toBe(
      'INS_RULE_INVALID',
    )
  })

  it('knows millimetres once the recipe is calibrated', () => {
    const rules = compileRules(
      recipe(
        [{ when: 'findings.exists(f, f.lengthMm > 0.5)', verdict: 'fail', disposition: 'scrap' }, pass],
        { calibration: { mmPerPx: 0.2 } },
      ),
    )
    expect(rules.evaluate(facts({ findings: [{ ...finding('b/0', 'x', 1), lengthMm: 0.8 }] })).result).toBe(
      'fail',
    )
    expect(rules.evaluate(facts({ findings: [{ ...finding('b/0', 'x', 1), lengthMm: 0.4 }] })).result).toBe(
      'pass',
    )
  })

  it('is pure: the same facts give the same bytes', () => {
    const rules = compileRules(
      recipe([
        { when: 'findings.size() > 1', condemns: 'true', verdict: 'fail', disposition: 'scrap' },
        pass,
      ]),
    )
    const f = facts({ findings: [finding('b/0', 'a', 0.1), finding('b/1', 'b', 0.2)] })
    expect(JSON.stringify(rules.evaluate(f))).toBe(JSON.stringify(rules.evaluate(f)))
  })

  it('refuses a pass that holds, a fail that releases and an inconclusive that does not hold', () => {
    for (const [verdict, disposition] of [
      ['pass', 'hold'],
      ['fail', 'release'],
      ['inconclusive', 'release'],
    ] as const) {
      expect(() => recipe([{ when: 'true', verdict, disposition }])).toThrow(/disposition/)
    }
  })
})

// Decision rule of ISO 14253-1: conformity and nonconformity are proven only outside the uncertainty band.
describe('limitState', () => {
  const m = (value: number, uncertainty?: number) =>
    limitState({
      characteristic: 'w',
      tool: 'm',
      value,
      unit: 'mm',
      lsl: 1,
      usl: 2,
      ...(uncertainty === undefined ? {} : { uncertainty }),
    })
  it('splits by the guard band', () => {
    expect([m(1.5, 0.1), m(1.05, 0.1), m(0.95, 0.1), m(0.8, 0.1), m(2.05, 0.1), m(2.2, 0.1)]).toEqual([
      'in',
      'uncertain',
      'uncertain',
      'out',
      'uncertain',
      'out',
    ])
    expect([m(1), m(2), m(2.0001)]).toEqual(['in', 'in', 'out'])
  })
})

describe('measurements in rules', () => {
  it('gives value and state by characteristic', () => {
    const rules = compileRules(
      recipe([
        {
          when: 'measurements["w"].state == "out" || measurements["w"].value > 9.0',
          verdict: 'fail',
          disposition: 'rework',
        },
        pass,
      ]),
    )
    const judge = (value: number) =>
      rules.evaluate(
        facts({ measurements: [{ characteristic: 'w', tool: 'm', value, unit: 'mm', lsl: 1, usl: 2 }] }),
      ).result
    expect([judge(1.5), judge(2.5)]).toEqual(['pass', 'fail'])
  })
})

describe('lintRules', () => {
  it('finds tools and measurements that the recipe does not have, once each', () => {
    const rules = [
      {
        when: 'findings.exists(f, f.tool == "bb")',
        condemns: 'finding.tool == "bb"',
        verdict: 'fail',
        disposition: 'scrap',
      },
      {
        when: `measurements['gap'].value > 1.0 && findings.exists(f, f.tool == "b")`,
        verdict: 'fail',
        disposition: 'scrap',
      },
      pass,
    ]
    expect(lintRules(recipe(rules)).map((w) => [w.rule, w.kind, w.text.en])).toEqual([
      ['r0', 'unknown-name', 'no tool "bb" in this recipe: b'],
      ['r1', 'unknown-name', 'no measurement "gap" in this recipe: none'],
    ])
  })

  it('finds contradictions, repeats, unreachable and missing pass rules', () => {
    const kinds = (rules: RuleInput[]) => lintRules(recipe(rules)).map((w) => w.kind)
    expect(
      kinds([
        { when: 'findings.size() > 0', verdict: 'fail', disposition: 'scrap' },
        { when: 'findings.size()  >  0', verdict: 'pass', disposition: 'release' },
      ]),
    ).toEqual(['contradiction'])
    expect(
      kinds([
        { ...pass, when: 'findings.size() == 0' },
        { ...pass, when: 'findings.size() == 0' },
      ]),
    ).toEqual(['duplicate'])
    expect(
      kinds([
        { when: 'true', verdict: 'fail', disposition: 'scrap' },
        { ...pass, when: 'findings.size() == 0' },
      ]),
    ).toEqual(['unreachable-pass'])
    expect(kinds([{ when: 'findings.size() > 0', verdict: 'fail', disposition: 'scrap' }])).toEqual([
      'no-pass',
    ])
    expect(
      kinds([{ when: 'findings.size() > 0', verdict: 'fail', disposition: 'scrap' }, { ...pass }]),
    ).toEqual([])
  })
})
