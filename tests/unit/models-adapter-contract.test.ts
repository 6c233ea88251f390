import type { ModelImages } from '../../models/index.ts'
import { modelAdapterSuite } from '../suites/model-adapter.suite.ts'
import { plain } from '../suites/toy-models.ts'
import type { ToyOptions, ToyRow } from '../suites/toy-models.ts'

const white = (w: number, h: number): ModelImages => ({ image: plain(w, h, 255) })
const black = (w: number, h: number): ModelImages => ({ image: plain(w, h, 0) })

/** Two overlapping boxes of one class, one of another, and boxes that reach beyond and lie outside small images. */
const rows: ToyRow[] = [
  { box: [2, 2, 12, 12], label: 0, score: 0.9 },
  { box: [3, 3, 13, 13], label: 0, score: 0.8 },
  { box: [-6, 5, 9, 400], label: 1, score: 0.6 },
  { box: [200, 300, 220, 320], label: 1, score: 0.3 },
  { box: [1, 1, 2, 2], label: 1, score: 0.01 },
]
/** In 64 x 64 px a 128 x 32 image lies at scale 1/2 between y = 24 and y = 40. */
const boxedRow: ToyRow = { box: [10, 26, 20, 34], label: 0, score: 0.9 }
const size = { widthPx: 64, heightPx: 64 }

const classification: ToyOptions = {
  toy: { kind: 'classification', gain: [0.9, 0.4, 0.6], bias: [0, 0, 0] },
}
modelAdapterSuite('classification', {
  toy: classification,
  seen: white,
  nothing: black,
  low: 0.1,
  middle: 0.5,
  nan: { ...classification, nanWhenBlack: true },
  nanOutput: 'logits',
  letterbox: {
    // margins of grey 114 and the white image still give a level above the threshold
    toy: { ...classification, size, fit: 'letterbox' },
    images: white(128, 32),
    box: [0, 0, 128, 32],
    tolerancePx: 0,
  },
})

for (const [family, kind] of [
  ['detection-yolov8', 'yolov8'],
  ['detection-objectness', 'yolov5'],
] as const) {
  const yolo: ToyOptions = { toy: { kind, classes: 2, rows } }
  modelAdapterSuite(family, {
    toy: yolo,
    seen: white,
    nothing: black,
    low: 0.1,
    middle: 0.5,
    nan: { ...yolo, nanWhenBlack: true },
    nanOutput: 'output0',
    letterbox: {
      toy: { toy: { kind, classes: 2, rows: [boxedRow] }, size, fit: 'letterbox' },
      images: white(128, 32),
      box: [20, 4, 40, 20],
      tolerancePx: 1e-6,
    },
  })
}

const decoded: ToyOptions = {
  toy: { kind: 'decoded', rows },
  spec: { nms: { iou: 0.35, classAware: false } },
}
modelAdapterSuite('detection-decoded', {
  toy: decoded,
  seen: white,
  nothing: black,
  low: 0.1,
  middle: 0.5,
  nan: { ...decoded, nanWhenBlack: true },
  nanOutput: 'scores',
  letterbox: {
    toy: { toy: { kind: 'decoded', rows: [boxedRow] }, size, fit: 'letterbox' },
    images: white(128, 32),
    box: [20, 4, 40, 20],
    tolerancePx: 1e-6,
  },
})

const pair: ToyOptions = { ...decoded, toy: { kind: 'decoded', rows, pair: true } }
modelAdapterSuite('detection-decoded, two images', {
  toy: pair,
  seen: (w, h) => ({ image: plain(w, h, 255), template: plain(w, h, 0) }),
  nothing: (w, h) => ({ image: plain(w, h, 255), template: plain(w, h, 255) }),
  low: 0.1,
  middle: 0.5,
  nan: { ...pair, nanWhenBlack: true },
  nanOutput: 'scores',
  letterbox: {
    toy: { toy: { kind: 'decoded', rows: [boxedRow], pair: true }, size, fit: 'letterbox' },
    // both images have the same margins, so the mean difference is half of full scale in half of the input
    images: { image: plain(128, 32, 255), template: plain(128, 32, 0) },
    box: [20, 4, 40, 20],
    tolerancePx: 1e-6,
  },
})

/** Grey 100 with a bright and a less bright spot; on it the toy map is the distance from the mean. */
function spots(w: number, h: number, bright: readonly [number, number, number, number]): ModelImages {
  const image = plain(w, h, 100)
  const [x1, y1, x2, y2] = bright
  for (let y = y1; y < y2; y++) image.data.fill(250, y * w + x1, y * w + x2)
  image.data[(h - 2) * w + w - 3] = 160
  return { image }
}
const anomaly: ToyOptions = { toy: { kind: 'anomaly' } }
modelAdapterSuite('anomaly-map', {
  toy: anomaly,
  seen: (w, h) => spots(w, h, [4, 5, 7, 8]),
  nothing: (w, h) => ({ image: plain(w, h, 100) }),
  low: 45,
  middle: 90,
  nan: { ...anomaly, nanWhenBlack: true },
  nanOutput: 'map',
  letterbox: {
    toy: { ...anomaly, size, fit: 'letterbox' },
    images: spots(128, 32, [40, 8, 60, 16]),
    box: [40, 8, 60, 16],
    // one model pixel is two image pixels, and the filter spreads by one
    tolerancePx: 2,
  },
})
