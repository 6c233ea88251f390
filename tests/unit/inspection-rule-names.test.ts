import { describe, expect, it } from 'vitest'
import type { ModelCard } from '../../contracts/index.ts'
import { checkRuleNames } from '../../inspection/rules/index.ts'
import { codeOf, pass, recipe } from './samples/rules.ts'

const tools = [
  { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 50, class: 'hole' },
  { id: 'm', use: 'model@1', model: 'net', sha256: '0'.repeat(64), threshold: 0.5 },
  {
    id: 'w',
    use: 'measure@1',
    characteristic: 'width',
    line: [0, 0, 9, 0],
    edges: ['rising', 'falling'],
    unit: 'px',
  },
  { id: 'c', use: 'code@1', formats: ['QRCode', 'DataMatrix'] },
  {
    id: 't',
    use: 'text@1',
    detector: { model: 'd', sha256: '0'.repeat(64) },
    recogniser: { model: 'r', sha256: '0'.repeat(64) },
    expect: [
      { name: 'expiry', pattern: '\\d+', date: 'YYMMDD' },
      { name: 'lot', pattern: '.+' },
    ],
  },
]
const rois = { rim: { shape: 'rect', box: [0, 0, 5, 5] } }
const of = (when: string, extra: Record<string, unknown> = { tools, rois }) =>
  recipe([{ when, verdict: 'fail', disposition: 'scrap' }, pass], extra)
const card = (family: string, labels: string[]) => ({ spec: { family }, labels }) as unknown as ModelCard
const cards = new Map([['m', card('detection-rows', ['scratch', 'dent'])]])

describe('checkRuleNames', () => {
  it.each([
    ['class', 'findings.exists(f, f.class == "scrach")'],
    ['class', 'findings.exists(f, "scrach" == f.class)'],
    ['class', 'findings.exists(f, f.class != "scrach")'],
    ['class', 'findings.exists(f, f.class in ["dent", "scrach"])'],
    ['class', 'findings.exists(f, f["class"] == \'scrach\')'],
    ['class', 'findings.filter(f, f.score > 0.1).exists(f, f.class == ("scrach"))'],
    ['class', '"scrach" in findings.map(f, f.class)'],
    ['class', 'findings.map(f, f.class).exists(c, c == "scrach")'],
    ['class', 'findings.map(f, f.score > 0.1, f.class)[0] == "scrach"'],
    ['class', 'findings.size() > 0 && findings[0].class == "scrach"'],
    ['class', 'findings.exists(f, f.class == (f.score > 0.1 ? "dent" : "scrach"))'],
    ['class', 'findings.exists(f, cel.bind(c, f.class, c == "scrach"))'],
    ['class', 'findings.exists(f, f.class // the class\n == "scrach")'],
    ['tool', 'findings.exists(f, "t2" == f.tool)'],
    ['tool', 'codes.exists(c, c.tool in ["nix"])'],
    ['region', 'findings.exists(f, "rin" in f.rois)'],
    ['region', 'findings.exists(f, f.rois.exists(r, r == "rin"))'],
    ['symbology', 'codes.exists(c, c.symbology == "QR")'],
    ['symbology', 'codes.exists(c, c.symbology == "text:expiri" && !c.ok)'],
    ['state', 'measurements["width"].state == "Out"'],
    ['state', 'measurements.exists(k, measurements[k].state == "Out")'],
    ['measurement', 'measurements["widht"].value > 1.0'],
    ['measurement', 'has(measurements.widht) && measurements.widht.value > 1.0'],
    ['measurement', 'measurements.exists(k, k == "widht")'],
    ['score', 'scores["nix.count"] > 1.0'],
    ['score', 'scores["b.cout"] > 1.0'],
    ['score', 'scores["m.mx"] > 1.0'],
    ['score', '"b.cout" in scores && scores["b.count"] > 1.0'],
    ['score', 'scores["t.lot.day"] > 1.0'],
  ])('refuses a %s that no fact has: %s', (kind, when) => {
    expect(codeOf(() => checkRuleNames(of(when), cards))).toBe('CFG_UNKNOWN_REFERENCE')
    expect(() => checkRuleNames(of(when), cards)).toThrow(
      new RegExp(`rules\\[0\\]\\.when.*expected a ${kind} that .* in rule "r0"`),
    )
  })

  it('says which names there are', () => {
    expect(() => checkRuleNames(of('findings.exists(f, f.class == "scrach")'), cards)).toThrow(
      'expected a class that the recipe can give: hole, scratch, dent; found "scrach" in rule "r0"',
    )
    const condemns = recipe([{ ...pass, condemns: 'finding.tool == "bb"' }])
    expect(() => checkRuleNames(condemns)).toThrow(
      'rules[0].condemns); expected a tool that the recipe can give: b; found "bb"',
    )
  })

  it.each([
    'findings.exists(f, f.class in ["hole", "dent"] && f.tool == "m" && "rim" in f.rois)',
    'codes.exists(c, c.symbology == "QRCode" && c.text == "anything" || c.symbology == "QRCode|DataMatrix")',
    'codes.exists(c, c.tool == "t" && c.symbology == "text:lot")',
    'measurements["width"].state in ["out", "uncertain"] && measurements["width"].unit == "px"',
    'scores["b.threshold"] > 1.0 || scores["m.max"] > 0.5 || scores["t.expiry.day"] < 20000.0',
    'scores.exists(k, k == "b.count" && scores[k] > 1.0)',
    'part.lot == "class" && findings.exists(f, f.id == "b/0")',
    'findings.exists(scores, scores.class == "dent")',
  ])('takes the names that facts have: %s', (when) => {
    expect(codeOf(() => checkRuleNames(of(when), cards))).toBe('nothing thrown')
  })

  it('takes the background of a model, and nothing, only where a class is told from them', () => {
    const spec = { family: 'segmentation-classes', background: 'background' }
    const segmenter = new Map([['m', { spec, labels: ['background', 'dent'] } as unknown as ModelCard]])
    const says = (when: string): string =>
      codeOf(() => checkRuleNames(of(`findings.exists(f, ${when})`), segmenter))
    expect(says('f.class != "background" && f.class != ""')).toBe('nothing thrown')
    expect(says('f.class == "background"')).toBe('CFG_UNKNOWN_REFERENCE')
    expect(says('f.class == ""')).toBe('CFG_UNKNOWN_REFERENCE')
    expect(says('f.class != "backgrund"')).toBe('CFG_UNKNOWN_REFERENCE')
  })

  it('leaves classes and scores of a model alone as long as its card is not there', () => {
    const when = 'scores["m.anything"] > 0.5 || findings.exists(f, f.class == "anything")'
    expect(codeOf(() => checkRuleNames(of(when)))).toBe('nothing thrown')
    expect(codeOf(() => checkRuleNames(of('scores["b.anything"] > 0.5')))).toBe('CFG_UNKNOWN_REFERENCE')
    expect(codeOf(() => checkRuleNames(of('findings.exists(f, f.class == "blbo")', {})))).toBe(
      'CFG_UNKNOWN_REFERENCE',
    )
  })

  it('refuses a registration where nothing registers: its score would be that of a perfect one', () => {
    expect(codeOf(() => checkRuleNames(of('registration.score < 0.8'), cards))).toBe('CFG_UNKNOWN_REFERENCE')
    expect(codeOf(() => checkRuleNames(of('findings.exists(f, f.score > registration.dxPx)'), cards))).toBe(
      'CFG_UNKNOWN_REFERENCE',
    )
    const registers = { id: 'place', use: 'register@1', anchors: [[0, 0, 9, 9]], maxShiftPx: 3 }
    const golden = { from: 'frame' }
    checkRuleNames(of('registration.score < 0.8', { tools: [registers, ...tools], rois, golden }), cards)
  })
})
