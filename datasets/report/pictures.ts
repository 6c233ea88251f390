import type { EvaluatedImage, EvaluationResult } from '../evaluate/index.ts'
import type { CallThreshold } from '../metrics/index.ts'
import { worstCases, wrongParts, type Case } from './cases.ts'
import { crop, overlay, thumbnail, windowAround } from './crops.ts'
import { esc, fixed, section, t } from './html.ts'

/** How many pictures each kind gets. */
const MOST = 12

/** Sections with the worst misses, false calls and wrong classes, tested image beside its template. */
export async function caseSections(result: EvaluationResult): Promise<string> {
  if (!result.detection) return ''
  const cases = worstCases(result)
  const legendNote = t(
    'Green dashed: truth. Red: call at or above the operating threshold.',
    '绿色虚线: 真值。红色: 不低于工作阈值的报警。',
  )
  const parts: string[] = []
  for (const [kind, en, zh] of [
    ['missed', 'Worst misses', '最严重的漏检'],
    ['false-call', 'Worst false calls', '最严重的误报'],
    ['misnamed', 'Found under a wrong name', '类别错误'],
  ] as const) {
    const list = cases[kind]
    if (list.length === 0) {
      parts.push(section(`${t(en, zh)} (0)`, `<p>${t('None.', '无。')}</p>`))
      continue
    }
    const shown = await Promise.all(list.slice(0, MOST).map((c) => picture(c, result.threshold)))
    const count = list.length > MOST ? `${MOST} / ${list.length}` : String(list.length)
    parts.push(section(`${t(en, zh)} (${count})`, `<div class="cases">${shown.join('')}</div>`, legendNote))
  }
  return parts.join('')
}

async function picture(c: Case, threshold: CallThreshold): Promise<string> {
  const window = windowAround(c.box, c.image.widthPx || 640, c.image.heightPx || 640)
  const tested = await crop(c.image.image, window)
  const template = c.image.reference === null ? null : await crop(c.image.reference, window)
  const boxes = overlay(c.image, window, threshold)
  const figures =
    figure(tested, boxes, t('tested', '待测')) +
    (c.image.reference === null ? '' : figure(template, boxes, t('template', '模板')))
  const what =
    c.kind === 'missed'
      ? `${esc(c.truth ?? '')} <small>${t('best hint below the threshold', '阈值下最高得分')} ${fixed(c.score, 3)}</small>`
      : `${esc(c.called ?? '')} ${fixed(c.score, 3)}${c.truth === null ? '' : ` <small>${t('is', '实为')} ${esc(c.truth)}</small>`}`
  return `<div class="case"><div class="pair${c.image.reference === null ? ' one' : ''}">${figures}</div><p>${what}<br><small>${esc(c.image.id)} · ${c.box.map((v) => Math.round(v)).join(', ')}</small></p></div>`
}

const figure = (src: string | null, over: string, caption: string): string =>
  src === null
    ? `<figure><figcaption>${t('image not readable', '图像不可读')}</figcaption></figure>`
    : `<figure><img alt="" src="${src}">${over}<figcaption>${caption}</figcaption></figure>`

/** Parts whose verdict contradicts the truth, as small whole pictures. */
export async function partSection(result: EvaluationResult): Promise<string> {
  if (!result.judgement) return ''
  const wrong = wrongParts(result)
  const title = `${t('Parts judged wrongly', '误判的工件')} (${wrong.length > MOST ? `${MOST} / ` : ''}${wrong.length})`
  if (wrong.length === 0) return section(title, `<p>${t('None.', '无。')}</p>`)
  const shown = await Promise.all(wrong.slice(0, MOST).map(part))
  return section(title, `<div class="cases">${shown.join('')}</div>`)
}

async function part(image: EvaluatedImage): Promise<string> {
  const src = await thumbnail(image.image)
  const tag =
    image.verdict === 'pass'
      ? `<span class="tag bad">${t('escape', '漏放')}</span>`
      : `<span class="tag warn">${t('overkill', '过杀')}</span>`
  const reasons = image.reasons.map((r) => t(r.en, r.zh)).join('; ')
  return `<div class="case"><div class="pair one">${figure(src, '', image.verdict)}</div><p>${tag} ${reasons}<br><small>${esc(image.id)}</small></p></div>`
}
