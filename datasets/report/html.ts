/** Text for HTML content and attributes. */
export const esc = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** Both languages; the page shows one at a time. */
export const t = (en: string, zh: string): string =>
  `<span lang="en">${esc(en)}</span><span lang="zh">${esc(zh)}</span>`

/** What the axes of charts count. */
const AXES: Readonly<Record<string, string>> = {
  parts: '件数',
  'false-call rate': '误报率',
  'detection rate': '检出率',
  'false-call rate of pixels': '像素误报率',
  'overlap, detection': '重叠率、检出率',
  recall: '召回率',
  precision: '精确率',
  score: '得分',
}

/** Both languages of what an axis counts, for text inside SVG; names of scores stay as they are. */
export function axisText(label: string): string {
  const zh = AXES[label]
  if (zh === undefined) return esc(label)
  return `<tspan lang="en">${esc(label)}</tspan><tspan lang="zh">${esc(zh)}</tspan>`
}

export const percent = (v: number | null, digits = 2): string =>
  v === null || !Number.isFinite(v) ? '–' : `${(v * 100).toFixed(digits)} %`

export const fixed = (v: number | null | undefined, digits = 4): string =>
  v === null || v === undefined || !Number.isFinite(v) ? '–' : v.toFixed(digits)

/** Table from ready-made HTML cells; the first column is text, the others are numbers. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="scroll"><table><thead><tr>${head.map((h) => `<th>${h}</th>`).join('')}</tr></thead><tbody>${rows
    .map((r) => `<tr>${r.map((c) => `<td>${c}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`

export const section = (title: string, body: string, note = ''): string =>
  `<section><h2>${title}</h2>${note ? `<p class="note">${note}</p>` : ''}${body}</section>`
