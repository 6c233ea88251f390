import { errorText } from '../../contracts/index.ts'
import type { EvaluationResult } from '../evaluate/index.ts'
import { extent } from '../metrics/index.ts'
import { axisStart, envelope, legend, lineChart } from './charts.ts'
import { esc, fixed, percent, section, t } from './html.ts'
import { heatMapSections } from './heat-maps.ts'
import {
  classificationSection,
  cocoSection,
  comparisonSection,
  leakageSection,
  pixelSection,
  rankingSection,
  segmentSection,
  unplacedSection,
} from './laboratory.ts'
import { caseSections, partSection } from './pictures.ts'
import { STYLE } from './style.ts'
import {
  classTable,
  confusionTable,
  noVerdictTable,
  rateTable,
  thresholdText,
  timingTable,
} from './tables.ts'

export interface ReportOptions {
  /** Language shown first; the page carries both. */
  language?: 'zh' | 'en'
  title?: { zh: string; en: string }
}

/**
 * One self-contained HTML page about an evaluation: summary, rates with intervals, classes, curves, confusion,
 * timing, everything that was not judged, and the worst cases as pictures cut from the data set. No outside resource.
 */
export async function renderReport(result: EvaluationResult, options: ReportOptions = {}): Promise<string> {
  const language = options.language ?? 'zh'
  const title = options.title ?? { en: 'Evaluation report', zh: '评估报告' }
  const d = result.detection
  const megabytes = Math.round(result.peakMemoryBytes / 2 ** 20)
  const body = [
    tiles(result),
    leakageSection(result),
    section(
      t('Escape, overkill and defects', '漏放、过杀与缺陷'),
      rateTable(result.judgement, d),
      result.unlabelled > 0
        ? t(
            `${result.unlabelled} images without truth are judged and timed, but in no rate.`,
            `${result.unlabelled} 张无真值图像已判定并计时, 不计入比率。`,
          )
        : '',
    ),
    comparisonSection(result),
    d ? detectionSections(result) : unplacedSection(result),
    cocoSection(result),
    rankingSection(result),
    classificationSection(result),
    pixelSection(result),
    segmentSection(result),
    section(
      t('Time', '耗时'),
      timingTable(result),
      t(
        `${result.workers} workers on ${result.provider}; ${result.imagesPerSecond.toFixed(1)} images/s over all, files read included; peak memory ${megabytes} MB.`,
        `${result.workers} 个工作线程, ${result.provider}; 总计 ${result.imagesPerSecond.toFixed(1)} 张/秒, 含读文件; 内存峰值 ${megabytes} MB。`,
      ),
    ),
    section(t('Not judged', '未能判定'), noVerdictTable(result)),
    await caseSections(result),
    await heatMapSections(result),
    await partSection(result),
  ].join('')
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${esc(title[language])}</title><style>${STYLE}</style></head><body class="${language}"><header><div><h1>${t(title.en, title.zh)}</h1>${facts(result)}</div><button onclick="document.body.className=document.body.className==='zh'?'en':'zh'">中文 / English</button></header><main>${body}</main><footer>${t('Intervals at 95 %; each image counts as a part, so that they are too narrow where several images show one part. Escape counts passed bad parts; a part nobody could judge is held and counted as inconclusive.', '区间置信度 95 %;每张图像按一个工件计, 若同一工件有多张图像, 区间偏窄。漏放为判合格的不良品; 无法判定的工件一律扣留并计为无法判定。')}</footer></body></html>`
}

function facts(r: EvaluationResult): string {
  const models = r.models.map((m) => `${m.id} ${m.version} (${m.sha256.slice(0, 12)}, ${m.provider})`)
  return `<p class="facts">${esc(r.dataset.format)} · ${esc(r.dataset.dir)} · ${esc(r.dataset.split)} · ${r.dataset.images} ${t('images', '张图像')}<br>${truth(r)}<br>${t('recipe', '配方')} ${esc(r.recipe.id)} (${r.recipe.sha256.slice(0, 12)})${models.length > 0 ? ` · ${t('model', '模型')} ${esc(models.join(', '))}` : ''}<br>${esc(r.startedAt)}</p>${r.dataset.leftOut.map(leftOutLine).join('')}`
}

/** What counts as good and as bad: a name that was taken for the other would turn every figure around. */
const truth = ({ dataset }: EvaluationResult): string =>
  dataset.truth
    .map(({ defective, images, labels }) => {
      const as =
        defective === null
          ? t('in no rate', '不计入比率')
          : defective
            ? t('bad', '不良品')
            : t('good', '良品')
      const named = labels.map((l) => `${esc(l.label)} ${l.images}`).join(', ')
      return `${as} ${images}${named === '' ? '' : ` (${named})`}`
    })
    .join(' · ')

function leftOutLine(fact: EvaluationResult['dataset']['leftOut'][number]): string {
  const { en, zh } = errorText(fact)
  return `<p class="facts">${t(en, zh)}</p>`
}

const tile = (name: string, value: string, note: string, tone = ''): string =>
  `<div class="tile ${tone}"><small>${name}</small><b>${value}</b><small>${note}</small></div>`

function tiles(r: EvaluationResult): string {
  const { detection: d, judgement: j } = r
  const out: string[] = []
  if (d) {
    out.push(
      tile('mAP', fixed(d.map), `IoU > ${d.iouAbove} · @0.5 ${fixed(d.map50)}`),
      tile('F1', fixed(d.operating.f1), `${t('threshold', '阈值')} ${fixed(d.operating.threshold, 3)}`),
      tile(
        t('Defects missed', '缺陷漏检'),
        `${d.missed.count} / ${d.missed.of}`,
        percent(d.missed.rate),
        d.missed.count === 0 ? 'good' : 'bad',
      ),
    )
  }
  if (r.ranking) {
    const [one] = r.ranking.detectionAt
    out.push(
      tile('AUROC', fixed(r.ranking.auroc), `AUPR ${fixed(r.ranking.aupr)}`),
      tile(
        t('Found at 1 % false calls', '误报 1 % 时检出'),
        percent(one?.detected.rate ?? null, 1),
        `${one?.detected.count ?? 0} / ${one?.detected.of ?? 0}`,
      ),
    )
  }
  if (r.pixels)
    out.push(
      tile('AUPRO', fixed(r.pixels.aupro?.value), `${t('pixels', '像素')} AUROC ${fixed(r.pixels.auroc)}`),
    )
  if (r.classification)
    out.push(
      tile(
        t('Accuracy', '准确率'),
        percent(r.classification.accuracy.rate, 1),
        `${r.classification.accuracy.count} / ${r.classification.accuracy.of}`,
      ),
    )
  if (j) {
    const upper = (x: { exact: [number, number]; of: number }): string =>
      x.of === 0 ? t('no such part', '无此类工件') : `≤ ${percent(x.exact[1])} (95 %)`
    out.push(
      tile(
        t('Escape', '漏放'),
        percent(j.escape.rate),
        upper(j.escape),
        j.escape.of === 0 ? '' : j.escape.count === 0 ? 'good' : 'bad',
      ),
      tile(
        t('Overkill', '过杀'),
        percent(j.overkill.rate),
        upper(j.overkill),
        j.overkill.count === 0 ? '' : 'warn',
      ),
      tile(
        t('Inconclusive', '无法判定'),
        String(j.inconclusive.count),
        percent(j.inconclusive.rate),
        j.inconclusive.count === 0 ? '' : 'warn',
      ),
    )
  }
  out.push(
    tile(
      t('Time per image', '每图耗时'),
      `${fixed(r.timing['total']?.p50, 1)} ms`,
      `p99 ${fixed(r.timing['total']?.p99, 1)} ms · ${r.imagesPerSecond.toFixed(1)} /s`,
    ),
  )
  return `<div class="tiles">${out.join('')}</div>`
}

function detectionSections(r: EvaluationResult): string {
  const d = r.detection
  if (!d) return ''
  const drawn = d.classes.filter((c) => c.curve.length > 0)
  const from = axisStart(drawn.map((c) => c.ap ?? 0))
  const pr = lineChart(
    drawn.map((c) => ({ name: `${c.class} AP ${fixed(c.ap)}`, points: envelope(c.curve) })),
    { label: 'recall', from, to: 1 },
    { label: 'precision', from, to: 1 },
  )
  const marks = [
    ...(d.operating.f1 === null
      ? []
      : [{ x: d.operating.threshold, y: d.operating.f1, label: `F1 ${fixed(d.operating.f1)}` }]),
    ...(d.best ? [{ x: d.best.threshold, y: d.best.f1, label: `max ${fixed(d.best.f1)}` }] : []),
  ].slice(0, d.best && Math.abs(d.best.threshold - d.operating.threshold) < 0.08 ? 1 : 2)
  const [lowest, highest] = extent(d.curve.map((p) => p.score))
  const threshold = thresholdText(r.threshold)
  const f = lineChart(
    [
      { name: 'F1', points: d.curve.map((p) => [p.score, p.f1]) },
      { name: 'precision', points: d.curve.map((p) => [p.score, p.precision]) },
      { name: 'recall', points: d.curve.map((p) => [p.score, p.recall]) },
    ],
    { label: 'score', from: Math.min(0, lowest), to: Math.max(1, highest) },
    { label: '', from: 0, to: 1 },
    marks,
  )
  const best = d.best
    ? t(
        `Highest F1 on these images: ${fixed(d.best.f1)} at ${fixed(d.best.threshold, 3)}. It is known only afterwards; the line runs at the operating threshold.`,
        `这些图像上的最高 F1 为 ${fixed(d.best.f1)} (阈值 ${fixed(d.best.threshold, 3)}), 属事后结果; 产线按工作阈值运行。`,
      )
    : ''
  return (
    section(
      t('Classes', '各类别'),
      classTable(d),
      t(
        `A call is right at IoU > ${d.iouAbove} with the same class; each truth is taken once, highest score first. AP is the area under the envelope of all points. Precision, recall and F1 at the operating threshold`,
        `IoU > ${d.iouAbove} 且类别相同为正确; 按得分从高到低, 每个真值只匹配一次。AP 为全点包络面积。精确率、召回率与 F1 的工作阈值`,
      ) + `: ${threshold}`,
    ) +
    section(
      t('Curves', '曲线'),
      `<div class="charts"><div>${pr}${legend(drawn.map((c) => esc(c.class)))}</div><div>${f}${legend(['F1', t('precision', '精确率'), t('recall', '召回率')])}</div></div>`,
      best,
    ) +
    section(t('Confusion', '混淆矩阵'), confusionTable(d.confusion))
  )
}
