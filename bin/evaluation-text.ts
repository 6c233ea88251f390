import type { EvaluationResult } from '../datasets/index.ts'

type Rate = NonNullable<EvaluationResult['judgement']>['escape']

const pct = (x: number | null): string => (x === null ? 'n/a' : `${(x * 100).toFixed(2)} %`)
const fixed = (x: number | null | undefined): string => (x === null || x === undefined ? 'n/a' : x.toFixed(4))
const withInterval = (r: Rate): string =>
  `${r.count} of ${r.of} = ${pct(r.rate)}, 95 % interval ${pct(r.exact[0])} to ${pct(r.exact[1])}`

/** The result of an evaluation for a terminal. */
export function evaluationText(r: EvaluationResult): string {
  const lines = [
    `${r.dataset.images} images of ${r.dataset.dir} (${r.dataset.format}, split ${r.dataset.split})`,
    `judged by ${r.recipe.id}${r.models.map((m) => `, ${m.id} ${m.version} on ${m.provider}`).join('')}, ${r.workers} workers, ${r.imagesPerSecond.toFixed(1)} images/s`,
  ]
  const d = r.detection
  if (d) {
    lines.push('', `detection, IoU > ${d.iouAbove}, same class`)
    for (const c of d.classes) lines.push(`  ${c.class.padEnd(14)} AP ${fixed(c.ap)}   truths ${c.truths}`)
    lines.push(
      `  mAP ${fixed(d.map)}   mAP@0.5 ${fixed(d.map50)}`,
      `  operating threshold ${r.threshold.value} (${r.threshold.source}): precision ${fixed(d.operating.precision)}, recall ${fixed(d.operating.recall)}, F ${fixed(d.operating.f1)}`,
    )
    if (d.best) lines.push(`  best F ${fixed(d.best.f1)} at ${d.best.threshold}`)
    lines.push(
      `  defects missed: ${withInterval(d.missed)}`,
      `  named wrongly: ${withInterval(d.misnamed)}`,
      `  false calls: ${withInterval(d.falseCalls)}`,
    )
  }
  const j = r.judgement
  if (j)
    lines.push(
      '',
      'parts',
      `  escape: ${withInterval(j.escape)}`,
      `  overkill: ${withInterval(j.overkill)}`,
      `  not judged: ${withInterval(j.inconclusive)}`,
    )
  for (const [name, value] of Object.entries(r.auroc)) lines.push(`  AUROC ${name}: ${fixed(value)}`)
  lines.push('', 'ms per image')
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
