import { Environment } from '@marcbachmann/cel-js'
import { describe, expect, it } from 'vitest'
import { finiteText } from '../../inspection/rules/finite-arithmetic.ts'
import { compileRules } from '../../inspection/rules/index.ts'
import { codeOf, facts, finding, pass, recipe } from './samples/rules.ts'

const seen = facts({
  findings: [finding('b/0', 'x', 0.5), finding('b/1', 'x', 0.5)],
  scores: { zero: 0, nought: 0, one: 1, huge: 1e308 },
  context: { line: 'l', plant: 'p', station: 's', product: 'p', shift: 'day', lot: 'NaN' },
})
const fail = (when: string) => ({ when, verdict: 'fail', disposition: 'scrap' })
const judge = (when: string): string => {
  const rules = compileRules(recipe([fail(when), pass]))
  let result = ''
  const code = codeOf(() => {
    result = rules.evaluate(seen).result
  })
  return result || code
}

describe('numbers in rules', () => {
  // Every one of them was false, so that the fail rule did not match and the part passed.
  it.each([
    'scores["zero"] / scores["nought"] > 0.1',
    'scores["zero"] / scores["nought"] == 0.0',
    'scores["one"] / scores["zero"] < 0.1',
    '-scores["one"] / scores["zero"] > 0.1',
    'findings.all(f, f.score / (f.areaPx - 8.0) < 1.0)',
    'findings.map(f, f.score / (f.areaPx - 8.0)).exists(s, s < 1.0)',
    'dyn(scores["one"]) / dyn(scores["zero"]) < 0.1',
    'scores["huge"] * 10.0 < 0.1',
    'scores["huge"] + scores["huge"] < 0.1',
    '-scores["huge"] - scores["huge"] > 0.1',
    'double(part.lot) > 0.1',
    'double("inf") < 0.1',
    'cel.bind(r, scores["one"] / scores["zero"], r < 0.1)',
    '(scores["one"] / scores["zero"] < 0.1 ? 1 : 2) == 1',
    'timestamp("9999-12-31T00:00:00Z") + duration("9999999999999s") < timestamp("2000-01-01T00:00:00Z")',
  ])('hold the part where they are none: %s', (when) => {
    expect(judge(when)).toBe('INS_RULE')
  })

  it('hold the part where a finding cannot be told to be condemned', () => {
    const rules = compileRules(recipe([{ ...fail('true'), condemns: '0.0 / finding.score > 1.0' }, pass]))
    expect(codeOf(() => rules.evaluate(facts({ findings: [finding('b/0', 'x', 0)] })))).toBe('INS_RULE')
  })

  it.each([NaN, Infinity])('hold the part where a fact is %s', (score) => {
    const rules = compileRules(recipe([fail('findings.exists(f, f.score > 0.1)'), pass]))
    expect(() => rules.evaluate(facts({ findings: [finding('b/0', 'x', score)] }))).toThrow(
      /INS_RULE.*facts\.findings\.0\.score.*finite/,
    )
  })

  it.each([
    ['scores["one"] / 4.0 == 0.25', 'fail'],
    ['scores["one"] - (0.5 - 0.25) == 0.75', 'fail'],
    ['scores["one"] * 0.0000000000125 == 0.0000000000125', 'fail'],
    ['findings.size() / 2 == 1 && findings.size() % 2 == 0', 'fail'],
    ['findings.map(f, f.areaPx * 2.0) + [1.0] == [16.0, 16.0, 1.0]', 'fail'],
    ['part.lot + \'"\' + "\\n" == "NaN\\"\\n"', 'fail'],
    ['double("2.5") > 2.0 && double(findings.size()) == 2.0', 'fail'],
    ['scores["one"] / scores["zero"] > 0.1 && false', 'pass'],
    ['findings.size() / 0 > 1', 'INS_RULE'],
  ])('are what they were elsewhere: %s', (when, result) => {
    expect(judge(when)).toBe(result)
  })

  it('say what they are and in which rule', () => {
    const rules = compileRules(recipe([fail('scores["zero"] / scores["zero"] > 0.1'), pass]))
    expect(() => rules.evaluate(seen)).toThrow(
      'expected a finite number; found NaN, as a division by 0 gives it; rule "r0"',
    )
    const missing = compileRules(recipe([fail('1.0 + scores["n"] > 0.1'), pass]))
    expect(() => missing.evaluate(seen)).toThrow('1.0 + scores["n"] > 0.1')
  })
})

describe('finiteText', () => {
  const cel = new Environment({ unlistedVariablesAreDyn: true }).registerFunction('finite(A): A', (x) => x)
  /** The operators of an expression and what they stand on, without `finite`. */
  const shape = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(shape)
    if (node === null || typeof node !== 'object' || !('op' in node) || !('args' in node)) return node
    const { op, args } = node
    if (op === 'call' && Array.isArray(args) && args[0] === 'finite') return shape((args[1] as unknown[])[0])
    return [op, shape(args)]
  }
  it.each([
    'a - (b - c) - d',
    'a / (b / c) * d % 2',
    '-a + -(b * c)',
    '!(a > b) || !c && d ? e : f ? g : h',
    'a.b.c["d.e"][0].size() + size(a)',
    'has(a.b.c) && a.b.c > 1e-12',
    'a.exists(x, x.y in ["1", \'2\', r"\\3", """4"""]) && a.map(x, x > 1, x + 1u)[0] == 0x1F',
    'a.all(x, a.exists_one(y, x == y)) == {"k": a + 1, "l": null}.k',
    'cel.bind(x, a / b, double(x) > 1.5)',
    'b"\\x01" == bytes("1") // and so on',
  ])('means the same: %s', (text) => {
    const { ast } = cel.parse(text)
    expect(shape(cel.parse(finiteText(ast)).ast)).toEqual(shape(ast))
  })
})
