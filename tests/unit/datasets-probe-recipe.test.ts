import { describe, expect, it } from 'vitest'
import type { ModelCard } from '../../contracts/index.ts'
import { recipeOfPackage } from '../../datasets/index.ts'
import { compileRules } from '../../inspection/index.ts'
import type { PackageInfo } from '../../models/index.ts'

const classifier = (labels: string[]): PackageInfo => {
  const card: ModelCard = {
    id: 'kinds',
    version: '1.0.0',
    title: { en: 'kinds', zh: '类别' },
    spec: { family: 'classification', output: 'p', activation: 'softmax' },
    inputs: [
      {
        name: 'image',
        layout: 'NHWC',
        dtype: 'uint8',
        channels: 3,
        widthPx: 8,
        heightPx: 8,
        multipleOf: 1,
        fit: 'stretch',
        role: 'image',
      },
    ],
    labels,
    licence: 'none',
    trainingData: [],
    metrics: {},
    threshold: { value: 0.5, provenance: 'test' },
    golden: { atol: 0.001, rtol: 0.001 },
  }
  return {
    id: card.id,
    version: card.version,
    dir: '/kinds',
    sha256: 'a'.repeat(64),
    cardSha256: 'b'.repeat(64),
    card,
  }
}

function judge(labels: string[], found: string[], goodLabels?: string[]): string {
  const recipe = recipeOfPackage(
    classifier(labels),
    { widthPx: 8, heightPx: 8 },
    goodLabels === undefined ? {} : { goodLabels },
  )
  const findings = found.map((name, n) => ({
    id: `model-${n}`,
    tool: 'model',
    use: 'model@1',
    class: name,
    score: 0.9,
    box: [0, 0, 8, 8] as const,
    areaPx: 64,
    rois: [],
  }))
  return compileRules(recipe).evaluate({
    findings,
    measurements: [],
    codes: [],
    scores: {},
    quality: null,
    registration: null,
    context: { line: 'l', plant: 'p', station: 's', product: 'p', shift: 'd' },
  }).result
}

describe('the plainest recipe around a classifier', () => {
  const defects = ['crazing', 'inclusion', 'patches', 'pitted', 'rolled', 'scratches']

  it('holds a part of which no class is certain, whether or not a class means good', () => {
    expect(judge(['good', 'scratch'], [])).toBe('inconclusive')
    expect(judge(defects, [])).toBe('inconclusive')
    expect(judge(['gut', 'schlecht'], [])).toBe('inconclusive')
  })

  it('passes a part only by a class that means good', () => {
    expect(judge(['good', 'scratch'], ['good'])).toBe('pass')
    expect(judge(['good', 'scratch'], ['scratch'])).toBe('fail')
    expect(judge(['good', 'scratch'], ['good', 'scratch'])).toBe('fail')
    expect(judge(defects, ['inclusion'])).toBe('fail')
    expect(judge(['gut', 'schlecht'], ['gut'], ['gut'])).toBe('pass')
    expect(judge(['gut', 'schlecht'], ['schlecht'], ['gut'])).toBe('fail')
  })
})
