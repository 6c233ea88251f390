import { expect, it } from 'vitest'
import type { ModelCard } from '../../contracts/index.ts'
import { readCard } from '../../models/package/read-card.ts'
import { toyCard } from '../suites/toy-models.ts'

const pair = toyCard({
  toy: { kind: 'decoded', pair: true, rows: [{ box: [0, 0, 1, 1], label: 1, score: 1 }] },
})
const [image, template] = pair.inputs
if (image === undefined || template === undefined) throw new Error('a pair has two inputs')
const anomaly = toyCard({ toy: { kind: 'anomaly' } })

const kinds = {
  ...anomaly,
  labels: ['good', 'dent'],
  spec: { family: 'classification', output: 'p', activation: 'softmax' },
}
const segments = (labels: string[]) => ({
  ...anomaly,
  labels,
  spec: {
    family: 'segmentation-classes',
    output: 'p',
    activation: 'none',
    background: 'ground',
    minAreaPx: 1,
  },
})

const [seen] = anomaly.inputs
/** Tiles of an input of 100 x 40 px. */
const tiled = (tiles: Record<string, number>) => ({
  ...anomaly,
  inputs: [{ ...seen, widthPx: 100, heightPx: 40 }],
  spec: {
    ...anomaly.spec,
    tiles: { columns: 2, rows: 1, widthPx: 60, heightPx: 40, overlapPx: 20, skipped: 0, ...tiles },
  },
})

const read = (card: unknown) => (): ModelCard => readCard(JSON.stringify(card, null, 2), 'card.json')

it('reads a card back', () => {
  expect(read(pair)()).toEqual(pair)
  expect(read(tiled({}))()).toMatchObject(tiled({ skipped: 0 }))
})

it.each([
  ['two images', { ...pair, inputs: [image, { ...template, role: 'image' }] }, /inputs\).*image, image/],
  ['no image', { ...pair, inputs: [template] }, /inputs\).*one input with role image.*found template/],
  ['one name twice', { ...pair, inputs: [image, { ...template, name: 'image' }] }, /different names/],
  ['half a size', { ...pair, inputs: [image, { ...template, widthPx: 64 }] }, /inputs\[1\]\).*64 x null/],
  ['a fit to no size', { ...pair, inputs: [{ ...image, fit: 'stretch' }] }, /inputs\[0\]\.fit\).*stretch/],
  ['a label twice', { ...pair, labels: ['open', 'open'] }, /labels\).*open twice/],
  ['the softmax of one label', { ...kinds, labels: ['good'] }, /labels\).*two labels or more.*found good/],
  ['nothing but background', segments(['ground']), /labels\).*beside the background.*found ground/],
  ['two names for anomalies', { ...anomaly, labels: ['a', 'b'] }, /labels\).*one label for anomaly-map/],
  [
    'tiles that leave a strip unseen',
    tiled({ overlapPx: 24 }),
    /spec\.tiles\).*cover.*100 x 40 px.*share 24/,
  ],
  ['tiles of which none is seen', tiled({ skipped: 2 }), /spec\.tiles\).*2 skipped/],
  ['tiles with an unknown key', tiled({ gapPx: 1 }), /unknown key "gapPx"/],
  ['an unknown key', { ...pair, author: 'x' }, /line \d+, author\).*unknown key "author"/],
  ['an unknown family', { ...pair, spec: { family: 'oracle' } }, /spec/],
])('refuses a card with %s', (_, card, message) => {
  expect(read(card)).toThrow(message)
  expect(read(card)).toThrow(/^MDL_PACKAGE.*card\.json/)
})

it('refuses what is not JSON, although YAML would read it', () => {
  expect(() => readCard('id: pcb-pair', 'card.json')).toThrow(/MDL_PACKAGE.*expected JSON/)
})
