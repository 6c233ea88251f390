import { type EvaluationResult, unplacedImages, unrankedKinds } from '../../datasets/index.ts'

type Rate = NonNullable<EvaluationResult['judgement']>['escape']
type SizeBins = NonNullable<EvaluationResult['detection']>['recallBySize']['px']

const pct = (x: number | null): string => (x === null ? 'n/a' : `${(x * 100).toFixed(2)} %`)
/** Five digits, without zeros behind. */
const short = (x: number): string => `${Number(x.toPrecision(5))}`
const fixed = (x: number | null | undefined): string => (x === null || x === undefined ? 'n/a' : x.toFixed(4))
const thresholdText = ({ value, perClass, source }: EvaluationResult['threshold']): string =>
  `${short(value)} (${[source, ...Object.entries(perClass).map(([name, v]) => `${name} ${short(v)}`)].join(', ')})`
const withInterval = (r: Rate): string =>
  `${r.count} of ${r.of} = ${pct(r.rate)}, 95 % interval ${pct(r.exact[0])} to ${pct(r.exact[1])}`
const inPpm = (r: Rate): string => {
  const ppm = (x: number): string => Math.round(x * 1e6).toLocaleString('en')
  const range = ([low, high]: [number, number]): string => `${ppm(low)} to ${ppm(high)}`
  return r.ppm === null
    ? 'no such part'
    : `${ppm(r.ppm / 1e6)} ppm, exact ${range(r.exact)}, Wilson ${range(r.wilson)}`
}

/** What counts as good and as bad: a name that was taken for the other would turn every figure around. */
const truthLines = (truth: EvaluationResult['dataset']['truth']): string[] =>
  truth.map(({ defective, images, labels }) => {
    const as = defective === null ? 'in no rate, since nothing says which' : defective ? 'bad' : 'good'
    return `  ${images} ${as}${labels.length === 0 ? '' : `: ${labels.map((l) => `${l.label} ${l.images}`).join(', ')}`}`
  })

/** The result of an evaluation for a terminal. */
export function evaluationText(r: EvaluationResult): string {
  const lines = [
    `${r.dataset.images} images of ${r.dataset.dir} (${r.dataset.format}, split ${r.dataset.split})`,
    `judged by ${r.recipe.id}${r.models.map((m) => `, ${m.id} ${m.version} on ${m.provider}`).join('')}, ${r.workers} workers, ${r.imagesPerSecond.toFixed(1)} images/s`,
  ]
  lines.push(...truthLines(r.dataset.truth), ...r.dataset.leftOut.map((f) => f.message))
  const d = r.detection
  if (d) {
    lines.push('', `detection, IoU > ${d.iouAbove}, same class`)
    for (const c of d.classes) lines.push(`  ${c.class.padEnd(14)} AP ${fixed(c.ap)}   truths ${c.truths}`)
    lines.push(
      `  mAP ${fixed(d.map)}   mAP@0.5 ${fixed(d.map50)}`,
      `  COCO: mAP@[.5:.95] ${fixed(d.coco.ap)}   mAP@.5 ${fixed(d.coco.ap50)}   mAP@.75 ${fixed(d.coco.ap75)}`,
      `  operating threshold ${thresholdText(r.threshold)}: precision ${fixed(d.operating.precision)}, recall ${fixed(d.operating.recall)}, F ${fixed(d.operating.f1)}`,
    )
    if (d.best) lines.push(`  best F ${fixed(d.best.f1)} at ${short(d.best.threshold)}`)
    lines.push(
      `  defects missed: ${withInterval(d.missed)}`,
      `  named wrongly: ${withInterval(d.misnamed)}`,
      `  false calls: ${withInterval(d.falseCalls)}`,
      ...sizeLines(d.recallBySize),
    )
  }
  const unplaced = unplacedImages(r)
  if (unplaced > 0)
    lines.push(
      '',
      `places of defects: not scored; ${unplaced} images have boxes, and nothing that judges them says a place`,
    )
  const j = r.judgement
  if (j)
    lines.push(
      '',
      'parts; each image counts as one, so that intervals are too narrow where several show one part',
      `  escape: ${withInterval(j.escape)}`,
      `    ${inPpm(j.escape)}`,
      `  overkill: ${withInterval(j.overkill)}`,
      `    ${inPpm(j.overkill)}`,
      `  not judged: ${withInterval(j.inconclusive)}`,
    )
  lines.push(...rankingLines(r), ...pixelLines(r), ...segmentLines(r), ...classLines(r))
  for (const [name, value] of Object.entries(r.auroc)) lines.push(`  AUROC ${name}: ${fixed(value)}`)
  lines.push(...comparisonLines(r), ...leakageLines(r))
  lines.push('', `ms per image; peak memory ${(r.peakMemoryBytes / 2 ** 20).toFixed(0)} MB`)
  for (const [stage, q] of Object.entries(r.timing)) {
    lines.push(
      `  ${stage.padEnd(18)} mean ${q.mean.toFixed(2)}  p50 ${q.p50.toFixed(2)}  p95 ${q.p95.toFixed(2)}  p99 ${q.p99.toFixed(2)}`,
    )
  }
  for (const [reason, list] of Object.entries(r.noVerdicts))
    lines.push(
      '',
      `no verdict, ${reason}: ${list.length}`,
      ...list.slice(0, 5).map((n) => `  ${n.id}: ${n.message}`),
    )
  return `${lines.join('\n')}\n`
}

function sizeLines({ px, mm }: { px: SizeBins; mm: SizeBins | null }): string[] {
  const unit = mm ? 'mm' : 'px'
  return (mm ?? px).map(
    (b) =>
      `  found of ${b.from} to ${b.to} ${unit}: ${b.recall.count} of ${b.recall.of} = ${pct(b.recall.rate)}`,
  )
}

function rankingLines(r: EvaluationResult): string[] {
  const { ranking: k } = r
  if (!k) {
    const kinds = unrankedKinds(r)
    return kinds === null
      ? []
      : [
          '',
          `image score: not ranked, which takes good and bad parts; ${kinds.bad} bad, ${kinds.good} good have one`,
        ]
  }
  return [
    '',
    `image score ${k.score}: ${k.bad} bad, ${k.good} good`,
    `  AUROC ${fixed(k.auroc)}   AUPR ${fixed(k.aupr)}   highest F1 ${fixed(k.f1Max.value)} at ${k.f1Max.threshold.toPrecision(5)}`,
    `  false calls at full detection: ${withInterval(k.falseCallsAtFullRecall.falseCalls)}`,
    ...k.detectionAt.map(
      (d) => `  found at ${pct(d.falseCallRate)} false calls: ${withInterval(d.detected)}`,
    ),
  ]
}

function pixelLines({ pixels: p }: EvaluationResult): string[] {
  if (!p) return []
  const aupimo = p.aupimo ? fixed(p.aupimo.mean) : 'n/a (too few good pixels)'
  return [
    '',
    `pixels of ${p.images} images, ${p.regions} defects${p.exact ? '' : ', counted in bins'}${p.leftOut.length > 0 ? `, ${p.leftOut.length} images without a mask left out` : ''}`,
    `  AUROC ${fixed(p.auroc)}   AUPR ${fixed(p.aupr)}   AUPRO ${fixed(p.aupro?.value)}   AUPIMO ${aupimo}`,
    `  at ${short(p.at.threshold)}: IoU ${fixed(p.at.iou)}, Dice ${fixed(p.at.dice)}; highest Dice ${fixed(p.f1Max?.value)} at ${p.f1Max?.threshold.toPrecision(5) ?? 'n/a'}`,
    ...sizeLines(p.recallBySize),
  ]
}

function segmentLines({ segments: s }: EvaluationResult): string[] {
  if (!s) return []
  return [
    '',
    `pixels named by class, ${s.images} images${s.leftOut.length > 0 ? `, ${s.leftOut.length} without marks left out` : ''}`,
    `  accuracy ${fixed(s.accuracy)}; mean of the defect classes IoU ${fixed(s.meanIou)}, Dice ${fixed(s.meanDice)}`,
    ...s.classes.map(
      (c) =>
        `  ${c.class.padEnd(14)} IoU ${fixed(c.iou)}   Dice ${fixed(c.dice)}   found in ${c.found.count} of ${c.found.of} images`,
    ),
  ]
}

function classLines({ classification: c }: EvaluationResult): string[] {
  if (!c) return []
  return [
    '',
    'classes',
    `  accuracy: ${withInterval(c.accuracy)}; mean recall ${fixed(c.balancedAccuracy)}`,
    ...c.classes.map(
      (k) =>
        `  ${k.class.padEnd(14)} precision ${fixed(k.precision)}   recall ${fixed(k.recall)}   F1 ${fixed(k.f1)}   truths ${k.truths}`,
    ),
  ]
}

export function comparisonLines({ comparison: c }: Pick<EvaluationResult, 'comparison'>): string[] {
  if (!c) return []
  const signed = (x: number): string => `${x < 0 ? '' : '+'}${x.toFixed(4)}`
  return [
    '',
    `compared with ${c.otherModels.join(', ') || c.other}: this less the other, ${c.resamples} paired resamples, seed ${c.seed}`,
    `  operating threshold ${thresholdText(c.threshold)}, of the other ${thresholdText(c.otherThreshold)}`,
    ...c.differences.map(
      (d) =>
        `  ${d.metric.padEnd(14)} ${d.value.toFixed(4)} - ${d.other.toFixed(4)} = ${signed(d.difference)}, 95 % interval ${signed(d.interval[0])} to ${signed(d.interval[1])}, p ${d.p.toPrecision(3)}`,
    ),
    ...(c.flips
      ? [
          `  verdicts: ${c.flips.onlyThis} right only here, ${c.flips.onlyOther} right only there, McNemar p ${c.flips.p.toPrecision(3)}`,
        ]
      : []),
  ]
}

function leakageLines({ leakage: l }: EvaluationResult): string[] {
  const found = l ? Object.values(l.counts).reduce((a, b) => a + b, 0) : 0
  const coarse = l?.coarse
    ? [
        '',
        `"${l.coarse.group}" has ${l.coarse.images} of ${l.images} images and is no workpiece: --group-by is too coarse`,
      ]
    : []
  if (!l || found === 0) return coarse
  return [
    ...coarse,
    '',
    `WARNING: the splits are not independent, scores are too good: ${l.affected} images have a relative in another split`,
    ...Object.entries(l.counts).map(([kind, n]) => `  ${kind}: ${n} pairs`),
    ...l.pairs.slice(0, 5).map((p) => `  ${p.kind}: ${p.a} and ${p.b} (${p.evidence})`),
  ]
}
