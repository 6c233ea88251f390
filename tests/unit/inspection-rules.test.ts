import { describe, expect, it } from 'vitest'
import { compileRules, limitState, lintRules } from '../../inspection/rules/index.ts'
import { codeOf, facts, finding, pass, recipe, type RuleInput } from './samples/rules.ts'

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
    ['matches() behind a comment', '"a".matches//\n("(a+)+$")'],
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

  it('reaches into every list and map, however it is asked for', () => {
    const seen = facts({
      findings: [{ ...finding('b/0', 'x', 0.5), lengthMm: 2 }, finding('b/1', 'y', 0.25)],
      codes: [{ tool: 'c', ok: true, text: 'T', symbology: 'QRCode', symbologyId: ']Q1', corners: [] }],
      measurements: [{ characteristic: 'w', tool: 'm', value: 5, unit: 'mm', lsl: 1, usl: 10 }],
      scores: { 'b.count': 2 },
    })
    const holds = (when: string) =>
      compileRules(recipe([{ ...pass, when }], { calibration: { mmPerPx: 0.2 } })).evaluate(seen).result
    for (const when of [
      'findings[0].class == "x" && findings[1].id == "b/1"',
      'findings[0].widthPx == 4.0 && findings[0].heightPx == 2.0 && findings[0].areaPx == 8.0',
      'findings[0].rois[0] == "board" && findings[0].lengthMm == 2.0 && findings[1].areaMm2 == 0.0',
      'findings.filter(f, f.score < 0.3)[0].tool == "b"',
      'findings.map(f, f)[1].score == 0.25',
      'cel.bind(f, findings[0], f.score == 0.5)',
      '[findings[0], findings[1]].exists(f, f.class == "y")',
      'codes[0].ok && codes[0].text == "T" && codes[0].symbology == "QRCode" && codes[0].tool == "c"',
      'measurements["w"].state == "in" && measurements.w.value == 5.0 && measurements.w.unit == "mm"',
      'scores["b.count"] == 2.0 && scores.all(k, scores[k] > 1.0)',
      '[quality][0].blurAnisotropy == 1.0 && [registration][0].score == 1.0',
      '[part][0].product == "p" && [line][0].shift == "day"',
    ])
      expect(holds(when), when).toBe('pass')
  })

  it('stores plain values in the trace', () => {
    const rules = compileRules(
      recipe([{ ...pass, when: 'codes[0].ok && findings[0].score > 0.0 && measurements["w"].value > 1.0' }]),
    )
    const { trace } = rules.evaluate(
      facts({
        findings: [finding('b/0', 'x', 0.5)],
        codes: [{ tool: 'c', ok: true, text: 'T', symbology: 'QRCode', symbologyId: '', corners: [] }],
        measurements: [{ characteristic: 'w', tool: 'm', value: 5, unit: 'mm' }],
      }),
    )
    expect(JSON.stringify(trace.steps[0]?.inputs)).toBe(
      '{"codes.size()":1,"findings.size()":1,"measurements.w.value":5}',
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
    expect(kinds([{ ...pass, when: 'false' }])).toEqual(['never', 'no-pass'])
    expect(kinds([{ when: '1 > 2 && true', verdict: 'fail', disposition: 'scrap' }, pass])).toEqual(['never'])
    expect(kinds([{ when: '2 > 1', verdict: 'fail', disposition: 'scrap' }, pass])).toEqual([
      'unreachable-pass',
    ])
  })
})
