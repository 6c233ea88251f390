import { errorText, NO_VERDICT_TEXT, type NoVerdictReason } from '../../contracts/index.ts'
import type { EvaluationResult } from '../evaluate/index.ts'
import { type DetectionScore, extent, type JudgementScore, type Rate } from '../metrics/index.ts'
import { esc, fixed, percent, t, table } from './html.ts'

export function classTable(d: DetectionScore): string {
  const none = d.confusion.labels.length - 1
  const rows = d.classes.map((c) => {
    const row = d.confusion.counts[d.confusion.labels.indexOf(c.class)] ?? []
    return [
      esc(c.class),
      String(c.truths),
      fixed(c.ap),
      fixed(c.ap50),
      fixed(c.precision),
      fixed(c.recall),
      fixed(c.f1),
      String(row[none] ?? 0),
    ]
  })
  rows.push([
    `<b>${t('All', '全部')}</b>`,
    String(d.classes.reduce((n, c) => n + c.truths, 0)),
    `<b>${fixed(d.map)}</b>`,
    fixed(d.map50),
    fixed(d.operating.precision),
    fixed(d.operating.recall),
    `<b>${fixed(d.operating.f1)}</b>`,
    String(d.missed.count),
  ])
  return table(
    [
      t('Class', '类别'),
      t('Truths', '真值数'),
      'AP',
      'AP@0.5',
      t('Precision', '精确率'),
      t('Recall', '召回率'),
      'F1',
      t('Missed', '漏检'),
    ],
    rows,
  )
}

export function confusionTable({ labels, counts }: DetectionScore['confusion']): string {
  const most = Math.max(1, extent(counts.flat())[1])
  const name = (l: string): string => (l === '-' ? t('nothing', '无') : esc(l))
  const rows = counts.map((row, r) => [
    name(labels[r] ?? ''),
    ...row.map((v, c) => {
      if (labels[r] === '-' && c === r) return ''
      const share = 0.08 + (0.5 * v) / most
      const tint = v === 0 ? '' : r === c ? `rgba(20,128,74,${share})` : `rgba(195,54,43,${share + 0.1})`
      return `<span style="display:block;margin:-6px -10px;padding:6px 10px;background:${tint}">${v}</span>`
    }),
  ])
  return table([t('true \\ called', '真值 \\ 判为'), ...labels.map(name)], rows)
}

const SOURCE: Record<EvaluationResult['threshold']['source'], [string, string]> = {
  option: ['option', '命令行'],
  card: ['model card', '模型卡'],
  recipe: ['recipe', '配方'],
}

/** The operating threshold, where it comes from, and those of classes with one of their own. */
export function thresholdText({ value, perClass, source }: EvaluationResult['threshold']): string {
  const own = Object.entries(perClass).map(([name, v]) => `; ${esc(name)} ${fixed(v, 3)}`)
  return `${fixed(value, 3)} (${t(...SOURCE[source])}${own.join('')})`
}

const ppm = (v: number | null): string => (v === null ? '–' : Math.round(v * 1e6).toLocaleString('en'))
const range = ([low, high]: [number, number]): string => `${percent(low)} … ${percent(high)}`

const rateRow = (name: string, r: Rate): string[] => [
  name,
  `${r.count} / ${r.of}`,
  percent(r.rate),
  ppm(r.rate),
  r.of === 0 ? '–' : range(r.wilson),
  r.of === 0 ? '–' : range(r.exact),
]

const RATE_HEAD = [
  '',
  t('Count', '计数'),
  t('Rate', '比率'),
  'ppm',
  t('95 % Wilson', '95 % Wilson 区间'),
  t('95 % exact (Clopper–Pearson)', '95 % 精确区间 (Clopper–Pearson)'),
]

export function rateTable(j: JudgementScore | null, d: DetectionScore | null): string {
  const rows: string[][] = []
  if (j) {
    rows.push(rateRow(t('Escape: bad parts passed', '漏放: 不良品判合格'), j.escape))
    rows.push(rateRow(t('Overkill: good parts failed', '过杀: 良品判不合格'), j.overkill))
    rows.push(rateRow(t('Inconclusive: held parts', '无法判定: 扣留'), j.inconclusive))
  }
  if (d) {
    rows.push(rateRow(t('Defects missed', '缺陷漏检'), d.missed))
    rows.push(rateRow(t('Defects found under a wrong name', '缺陷类别错误'), d.misnamed))
    rows.push(rateRow(t('False calls among calls', '误报占报警比例'), d.falseCalls))
  }
  return table(RATE_HEAD, rows)
}

const STAGE: Record<string, [string, string]> = {
  decode: ['decode', '解码'],
  gate: ['quality gate', '图像质量检查'],
  inference: ['of which model inference', '其中模型推理'],
  rules: ['rules', '规则'],
  total: ['whole inspection', '检测全程'],
}

export function timingTable(result: EvaluationResult): string {
  const rows = Object.entries(result.timing).map(([name, q]) => {
    const [en, zh] = STAGE[name] ?? [name, name.replace(/^tool /, '工具 ')]
    return [t(en, zh), ...[q.mean, q.p50, q.p95, q.p99].map((v) => fixed(v, 2))]
  })
  return table([t('ms per image', '每图毫秒'), t('mean', '均值'), 'p50', 'p95', 'p99'], rows)
}

export function noVerdictTable(result: EvaluationResult): string {
  const rows = Object.entries(result.noVerdicts).flatMap(([reason, list]) =>
    list.map((x) => {
      const text = NO_VERDICT_TEXT[reason as NoVerdictReason]
      const message = errorText(x)
      return [
        t(text.en, text.zh),
        esc(x.id),
        esc(x.code),
        `<div class="text">${t(message.en, message.zh)}</div>`,
      ]
    }),
  )
  return rows.length === 0
    ? `<p>${t('None: every image was judged.', '无: 所有图像均已判定。')}</p>`
    : table([t('Reason', '原因'), t('Image', '图像'), t('Code', '代码'), t('Message', '信息')], rows)
}
