import type { TeachAnswer } from './job.ts'

const size = (s: { widthPx: number; heightPx: number }): string => `${s.widthPx} x ${s.heightPx}`

/** The better of each method, with and without statistics of each place. */
function measuredText(measured: TeachAnswer['report']['choice']['measured']): string {
  const best = new Map<string, (typeof measured)[number]>()
  for (const m of measured) if (m.merit > (best.get(m.method)?.merit ?? -Infinity)) best.set(m.method, m)
  return [...best.values()]
    .map((m) => {
      const part = m.goodImages < Math.max(...measured.map((o) => o.goodImages))
      const on = part ? ` (on ${m.goodImages} good images: no better there than the default)` : ''
      return `${m.method} ${(100 * m.auroc).toFixed(1)} %, ${(100 * m.detectionAt5).toFixed(0)} %${on}`
    })
    .join('; ')
}

/** What was taught, for a terminal: method and why, threshold, promise, what to look at. */
export function teachReportText({ packed, report }: TeachAnswer): string {
  const { threshold: t, choice, learningCurve: curve } = report
  const percent = (v: number): string => `${(100 * v).toFixed(1)} %`
  const lines = [
    `${packed.dir}: model.onnx SHA-256 ${packed.sha256}`,
    `${report.goodImages} good images, ${report.defectImages} defective ones; the program held up to ${Math.ceil(process.resourceUsage().maxRSS / 1e3)} MB`,
    `judged at ${size(report.working)} px of ${size(report.source)}${report.tiles === null ? '' : `, in ${report.tiles.columns} x ${report.tiles.rows} tiles`}; --area changes it`,
    `method ${choice.chosen.method}: ${choice.reason.en}`,
    `measured on ${choice.against}, AUROC and detection at 5 % false calls: ${measuredText(choice.measured)}`,
    ...choice.notMeasured.map(({ methods, reason }) => `not measured: ${methods.join(', ')}: ${reason.en}`),
    ...(report.turnedCopies === 0
      ? []
      : [
          `${report.turnedCopies} turned and mirrored copies count as good; \`--no-turn\` where a turned part is a defect`,
        ]),
    `threshold ${t.value.toFixed(3)}: ${t.promise.exceeding} of ${t.promise.parts} good ${t.promise.parts === report.goodImages ? 'images' : 'workpieces'} at or above it; ` +
      `false calls at most ${percent(t.promise.promised)} with ${percent(t.promise.confidence)} confidence where each is another part ` +
      `(interval ${percent(t.promise.interval[0])} to ${percent(t.promise.interval[1])}); ` +
      `${percent(t.detection)} of the ${report.defectImages > 0 ? 'given' : 'synthetic'} defects found`,
    `more good images: ${curve.enough ? 'would change little' : 'would still help'} (${curve.points
      .map((p) => `${p.goodImages}: mean ${p.meanGood.toFixed(3)}`)
      .join(', ')})`,
    ...report.suspicious.map(
      (s) =>
        `look at ${s.name}: its score ${s.score.toFixed(2)} is ${s.deviations.toFixed(1)} deviations above the others`,
    ),
    ...(report.suspicious.length === 0
      ? []
      : [
          `a defect among the good images makes the model blind to it: take out those that are not good, \`teach --from ${packed.dir} --remove NAME\``,
        ]),
    ...report.warnings.map((w) => `note: ${w.en}`),
  ]
  return `${lines.join('\n')}\n`
}
