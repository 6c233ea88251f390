import { type EvaluationResult, type Leakage, unplacedImages, unrankedKinds } from '../evaluate/index.ts'
import type { Rate, SizeBin } from '../metrics/index.ts'
import { axisStart, legend, lineChart } from './charts.ts'
import { scoreHistogram } from './histogram.ts'
import { esc, fixed, percent, section, t, table } from './html.ts'
import { confusionTable, thresholdText } from './tables.ts'

const share = (r: Rate): string =>
  `${r.count} / ${r.of} = ${percent(r.rate)} <small>${percent(r.exact[0])} … ${percent(r.exact[1])}</small>`

/** That boxes of the set are in no score. */
export function unplacedSection(r: EvaluationResult): string {
  const images = unplacedImages(r)
  return images === 0
    ? ''
    : section(
        t('Places of defects', '缺陷位置'),
        `<p>${t(
          `Not scored: ${images} images have boxes, and nothing that judges them says a place.`,
          `未评分:${images} 张图像有标注框,而判定它们的模型或工具不给出位置。`,
        )}</p>`,
      )
}

/** Ranking of the parts by the image score: histogram, ROC, precision and recall, stated operating points. */
export function rankingSection(r: EvaluationResult): string {
  const k = r.ranking
  if (!k) {
    const kinds = unrankedKinds(r)
    return kinds === null
      ? ''
      : section(
          t('Image score', '图像得分'),
          `<p>${t(
            `Not ranked, which takes good and bad parts; ${kinds.bad} bad, ${kinds.good} good have a score.`,
            `未排序:需要良品和不良品;有得分的不良品 ${kinds.bad} 件,良品 ${kinds.good} 件。`,
          )}</p>`,
        )
  }
  const of = (bad: boolean): number[] =>
    r.images.flatMap((i) => (i.score !== null && i.defective === bad ? [i.score] : []))
  // The margin of a classifier has no threshold of its own.
  const line = r.family === 'classification' ? null : r.threshold.value
  const histogram = scoreHistogram(of(false), of(true), line, { x: k.score, y: 'parts' })
  const chart = (points: [number, number][], x: string, y: string, from = 0): string =>
    lineChart([{ name: y, points }], { label: x, from: 0, to: 1 }, { label: y, from, to: 1 })
  const rows = [
    ['AUROC', fixed(k.auroc), ''],
    ['AUPR', fixed(k.aupr), ''],
    [t('Highest F1', '最高 F1'), fixed(k.f1Max.value), fixed(k.f1Max.threshold, 4)],
    ...k.detectionAt.map((d) => [
      t(
        `Found while at most ${percent(d.falseCallRate, 0)} of the good are called`,
        `误报不超过 ${percent(d.falseCallRate, 0)} 时的检出`,
      ),
      share(d.detected),
      fixed(d.threshold, 4),
    ]),
    [
      t('False calls while every bad part is found', '全部检出时的误报'),
      share(k.falseCallsAtFullRecall.falseCalls),
      fixed(k.falseCallsAtFullRecall.threshold, 4),
    ],
  ]
  return section(
    t('Image score', '图像得分'),
    table(['', t('Value', '数值'), t('Threshold', '阈值')], rows) +
      `<div class="charts three"><div>${histogram}<div class="legend"><span><i style="background:#009e73"></i>${t('good', '良品')} (${k.good})</span><span><i style="background:#d55e00"></i>${t('bad', '不良品')} (${k.bad})</span></div></div>` +
      `<div>${chart(k.roc, 'false-call rate', 'detection rate')}</div><div>${chart(k.pr, 'recall', 'precision', axisStart(k.pr.map((p) => p[1])))}</div></div>`,
    t(
      'Every threshold is known only afterwards. Exact 95 % intervals behind the rates.',
      '所列阈值均为事后得出。比率后为 95 % 精确区间。',
    ),
  )
}

/** Pixels of the score maps against the masks. */
export function pixelSection(r: EvaluationResult): string {
  const p = r.pixels
  if (!p) return ''
  const rows = [
    ['AUROC', fixed(p.auroc)],
    ['AUPR', fixed(p.aupr)],
    [`AUPRO (≤ ${percent(p.aupro?.limit ?? 0.3, 0)})`, fixed(p.aupro?.value)],
    [
      `AUPIMO (${p.aupimo?.low ?? 1e-5} … ${p.aupimo?.high ?? 1e-4})`,
      p.aupimo ? fixed(p.aupimo.mean) : t('too few pixels of good parts', '良品像素不足'),
    ],
    [`IoU · Dice @ ${fixed(p.at.threshold, 3)}`, `${fixed(p.at.iou)} · ${fixed(p.at.dice)}`],
    [
      t('Highest Dice and its threshold', '最高 Dice 及其阈值'),
      `${fixed(p.f1Max?.value)} · ${fixed(p.f1Max?.threshold, 3)}`,
    ],
  ]
  const curves = lineChart(
    [
      { name: 'PRO', points: p.pro },
      { name: 'ROC', points: p.roc },
    ],
    { label: 'false-call rate of pixels', from: 0, to: p.aupro?.limit ?? 0.3 },
    { label: 'overlap, detection', from: 0, to: 1 },
  )
  const pr = lineChart(
    [{ name: 'PR', points: p.pr }],
    { label: 'recall', from: 0, to: 1 },
    { label: 'precision', from: 0, to: 1 },
  )
  return section(
    t('Pixels', '像素'),
    table(['', t('Value', '数值')], rows) +
      `<div class="charts"><div>${curves}${legend(['PRO', 'ROC'])}</div><div>${pr}</div></div>` +
      sizeTable(p.recallBySize),
    t(
      `${p.images} images, ${p.regions} defect regions${p.exact ? '' : '; pixels counted in bins, areas right to 1e-6'}${p.leftOut.length > 0 ? `; ${p.leftOut.length} images without a mask left out` : ''}.`,
      `${p.images} 张图像, ${p.regions} 个缺陷区域${p.exact ? '' : '; 像素按分箱统计, 面积误差小于 1e-6'}${p.leftOut.length > 0 ? `; ${p.leftOut.length} 张无掩膜图像未计入` : ''}。`,
    ),
  )
}

/** Classes of the pixels against masks, outlines or boxes. */
export function segmentSection({ segments: s }: EvaluationResult): string {
  if (!s) return ''
  const rows = s.classes.map((c) => [
    esc(c.class),
    fixed(c.iou),
    fixed(c.dice),
    String(c.truthPx),
    String(c.calledPx),
    share(c.found),
  ])
  return section(
    t('Classes of the pixels', '像素分类'),
    `<p>${t('Pixels named right', '像素准确率')}: ${percent(s.accuracy)} · ${t('mean of the defect classes', '缺陷类别平均')} IoU ${fixed(s.meanIou)}, Dice ${fixed(s.meanDice)}</p>` +
      table(
        [
          t('Class', '类别'),
          'IoU',
          'Dice',
          t('Pixels true', '真值像素'),
          t('Pixels called', '判定像素'),
          t('Images where it is found', '检出图像'),
        ],
        rows,
      ),
    t(
      `${s.images} images${s.leftOut.length > 0 ? `; ${s.leftOut.length} whose defects nobody has marked left out` : ''}. A box counts as a whole.`,
      `${s.images} 张图像${s.leftOut.length > 0 ? `; ${s.leftOut.length} 张未标注缺陷的图像未计入` : ''}。标注框按整框计。`,
    ),
  )
}

function sizeTable({ px, mm }: { px: SizeBin[]; mm: SizeBin[] | null }): string {
  const rows = (bins: SizeBin[], unit: string): string[][] =>
    bins.map((b) => [
      `${Number(b.from.toPrecision(3))} … ${Number(b.to.toPrecision(3))} ${unit}`,
      share(b.recall),
    ])
  const all = [...rows(px, 'px'), ...rows(mm ?? [], 'mm')]
  if (all.length === 0) return ''
  return `<h3>${t('Found by size of the defect', '按缺陷尺寸的检出率')}</h3>${table([t('Longer side', '长边'), t('Found', '检出')], all)}`
}

/** A classifier against the labels. */
export function classificationSection({ classification: c }: EvaluationResult): string {
  if (!c) return ''
  const rows = c.classes.map((k) => [
    esc(k.class),
    String(k.truths),
    String(k.called),
    fixed(k.precision),
    fixed(k.recall),
    fixed(k.f1),
  ])
  return section(
    t('Classes of the parts', '工件分类'),
    `<p>${t('Accuracy', '准确率')}: ${share(c.accuracy)} · ${t('mean recall', '平均召回率')} ${fixed(c.balancedAccuracy)}</p>` +
      table(
        [
          t('Class', '类别'),
          t('Truths', '真值数'),
          t('Called', '判定数'),
          t('Precision', '精确率'),
          t('Recall', '召回率'),
          'F1',
        ],
        rows,
      ) +
      `<h3>${t('Confusion', '混淆矩阵')}</h3>${confusionTable(c.confusion)}`,
  )
}

/** COCO's twelve numbers beside the protocol of DeepPCB. */
export function cocoSection({ detection: d }: EvaluationResult): string {
  if (!d) return ''
  const { coco: c } = d
  const rows = [
    ['AP', fixed(c.ap), fixed(c.apSmall), fixed(c.apMedium), fixed(c.apLarge)],
    ['AP@.5', fixed(c.ap50), '', '', ''],
    ['AP@.75', fixed(c.ap75), '', '', ''],
    ['AR, 100', fixed(c.ar100), fixed(c.arSmall), fixed(c.arMedium), fixed(c.arLarge)],
    ['AR, 10', fixed(c.ar10), '', '', ''],
    ['AR, 1', fixed(c.ar1), '', '', ''],
  ]
  return section(
    t('Scores in COCO’s way', 'COCO 指标'),
    table(['', t('all', '全部'), '< 32²', '32² … 96²', '> 96²'], rows) + sizeTable(d.recallBySize),
    t(
      'IoU 0.50 to 0.95, 101 recall points, at most 100 detections per image and class, area of the box in px².',
      'IoU 0.50 至 0.95, 101 个召回点, 每图每类最多 100 个检出, 面积按框计 (px²)。',
    ),
  )
}

export function comparisonSection({ comparison: c }: EvaluationResult): string {
  if (!c) return ''
  const signed = (v: number): string => `${v > 0 ? '+' : ''}${v.toFixed(4)}`
  const rows = c.differences.map((d) => [
    esc(d.metric),
    fixed(d.value),
    fixed(d.other),
    `<b>${signed(d.difference)}</b>`,
    `${signed(d.interval[0])} … ${signed(d.interval[1])}`,
    d.p.toPrecision(2),
  ])
  const flips = c.flips
    ? `<p>${t(
        `Right only here: ${c.flips.onlyThis}. Right only there: ${c.flips.onlyOther}. McNemar exact p = ${c.flips.p.toPrecision(2)}.`,
        `仅此模型正确: ${c.flips.onlyThis}。仅对方正确: ${c.flips.onlyOther}。McNemar 精确检验 p = ${c.flips.p.toPrecision(2)}。`,
      )}</p>`
    : ''
  return section(
    `${t('Compared with', '对比')} ${esc(c.otherModels.join(', ') || c.other)}`,
    table(['', t('this', '本次'), t('other', '对方'), t('difference', '差值'), '95 %', 'p'], rows) + flips,
    t(
      `Paired bootstrap over ${c.images} images, ${c.resamples} resamples, seed ${c.seed}.`,
      `${c.images} 张图像配对自助法, ${c.resamples} 次重采样, 种子 ${c.seed}。`,
    ) +
      ` ${t('Operating threshold', '工作阈值')}: ${thresholdText(c.threshold)} · ${t('other', '对方')} ${thresholdText(c.otherThreshold)}`,
  )
}

const LEAK: Record<Leakage['pairs'][number]['kind'], [string, string]> = {
  workpiece: ['same workpiece', '同一工件'],
  copy: ['same file', '相同文件'],
  'near-duplicate': ['nearly the same picture', '近似重复图像'],
}

export function leakageSection({ leakage: l }: EvaluationResult): string {
  if (!l) return ''
  const coarse =
    l.coarse &&
    `<p>${t(
      `“${l.coarse.group}” has ${l.coarse.images} of ${l.images} images and is no workpiece: --group-by is too coarse.`,
      `“${l.coarse.group}” 含 ${l.images} 张图像中的 ${l.coarse.images} 张, 不是单个工件: --group-by 过粗。`,
    )}</p>`
  const title = t('Independence of the splits', '数据划分的独立性')
  const found = Object.values(l.counts).reduce((a, b) => a + b, 0)
  if (found === 0)
    return section(
      title,
      `<p>${t(`No relative found among ${l.images} images of ${l.splits.join(', ')}.`, `在 ${l.splits.join(', ')} 的 ${l.images} 张图像中未发现重复。`)}</p>${coarse ?? ''}`,
    )
  const rows = l.pairs
    .slice(0, 12)
    .map((p) => [
      t(...LEAK[p.kind]),
      `${esc(p.splits[0])}: ${esc(p.a)}`,
      `${esc(p.splits[1])}: ${esc(p.b)}`,
      typeof p.evidence === 'number' ? fixed(p.evidence, 3) : esc(p.evidence.slice(0, 24)),
    ])
  return `<section class="alarm"><h2>${title}</h2><p><b>${t(
    `${l.affected} images have a relative in another split: the scores are too good.`,
    `${l.affected} 张图像在另一划分中有同源图像: 得分偏高。`,
  )}</b> ${Object.entries(l.counts)
    .map(([k, n]) => `${t(...LEAK[k as keyof typeof LEAK])}: ${n}`)
    .join(
      ' · ',
    )}</p>${coarse ?? ''}${table([t('Kind', '类型'), '', '', t('Evidence', '依据')], rows)}</section>`
}
