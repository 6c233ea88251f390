import { type I18n, NO_VERDICT_TEXT } from '../contracts/index.ts'
import { DISPOSITION, happening, RESULT } from './happening-words.ts'
import type { PartLife, PartRow } from './query/index.ts'

export type Language = keyof I18n

const EVENT: Record<string, I18n> = {
  'qe.inspection.completed.v1': { zh: '检测完成', en: 'inspected' },
  'qe.trace.linked.v1': { zh: '谱系关联', en: 'linked' },
  'qe.verdict.reviewed.v1': { zh: '人工复核', en: 'reviewed' },
  'qe.gate.held.v1': { zh: '在剔除口扣留', en: 'held at the gate' },
  'qe.gate.failed.v1': { zh: '剔除口未执行', en: 'not served by the gate' },
  'qe.read.stray.v1': { zh: '无对应工件的读码', en: 'read without a part' },
  'ext.epcis.captured.v1': { zh: 'EPCIS 事件', en: 'EPCIS event' },
  'qe.identity.changed.v1': { zh: '身份变更', en: 'identity changed' },
}

const LABEL = {
  serial: { zh: '序列号', en: 'Serial' },
  byCode: { zh: '由条码识别', en: 'identified by its code' },
  byTrigger: { zh: '未读码，以触发号命名', en: 'no code read, named by its trigger' },
  product: { zh: '产品', en: 'Product' },
  lot: { zh: '批次', en: 'Lot' },
  none: { zh: '无', en: 'none' },
  inspections: { zh: '检测记录', en: 'Inspections' },
  trigger: { zh: '触发', en: 'trigger' },
  attempt: { zh: '计数始于', en: 'count since' },
  ruled: { zh: '规则判为', en: 'by rule' },
  decided: { zh: '人工处置', en: 'decided' },
  defects: { zh: '缺陷', en: 'defects' },
  image: { zh: '图像', en: 'image' },
  recipe: { zh: '配方', en: 'recipe' },
  genealogy: { zh: '谱系', en: 'Genealogy' },
  probable: { zh: '（可能）', en: ' (probable)' },
  timeline: { zh: '事件', en: 'Events' },
} satisfies Record<string, I18n>

/** Of many defects some are given. */
const MORE = { zh: (n: number) => `，另有 ${n} 处`, en: (n: number) => `, and ${n} more` }

/** A part's life as plain text for a terminal; times are UTC. */
export function renderLife(life: PartLife, lang: Language): string {
  const t = (key: keyof typeof LABEL): string => LABEL[key][lang]
  const last = life.inspections.at(-1)
  const lines: string[] = []
  lines.push(
    `${t('serial')}: ${life.serial} (${last?.identifiedBy === 'code' ? t('byCode') : t('byTrigger')})`,
  )
  lines.push(`${t('product')}: ${last?.product ?? ''}    ${t('lot')}: ${last?.lot ?? t('none')}`)
  lines.push('', `${t('inspections')} (${life.inspections.length})`)
  for (const row of life.inspections) lines.push(...inspection(row, lang))
  lines.push('', `${t('genealogy')} (${life.edges.length})`)
  for (const e of life.edges) {
    const doubt = e.certainty === 'probable' ? t('probable') : ''
    lines.push(`  ${e.child} → ${e.parent}  ${happening(e.kind, lang)}${doubt}`)
  }
  lines.push('', `${t('timeline')} (${life.events.length})`)
  for (const e of life.events) {
    const result = e.result === null ? '' : `  ${RESULT[e.result][lang]}`
    lines.push(`  #${e.position}  ${e.at}  ${EVENT[e.type]?.[lang] ?? e.type}${result}`)
  }
  return `${lines.join('\n')}\n`
}

function inspection(row: PartRow, lang: Language): string[] {
  const t = (key: keyof typeof LABEL): string => LABEL[key][lang]
  const again = row.attempt > 1 ? ` (${t('attempt')} ${new Date(row.attempt).toISOString()})` : ''
  const ruled =
    row.ruledDisposition === row.disposition
      ? ''
      : ` (${t('ruled')} ${DISPOSITION[row.ruledDisposition][lang]})`
  const lines = [
    `  ${row.at}  ${row.station}  ${t('trigger')} ${row.trigger}${again}  ` +
      `${RESULT[row.result][lang]} → ${DISPOSITION[row.disposition][lang]}${ruled}  ` +
      `${t('recipe')} ${row.recipe}  ${row.totalMs.toFixed(1)} ms`,
  ]
  if (row.decision !== null) {
    const { disposition, by, reason, at } = row.decision
    lines.push(`      ${t('decided')}: ${DISPOSITION[disposition][lang]}: ${reason} (${by}, ${at})`)
  }
  const reasons = row.reasons.map((r) => r[lang])
  if (row.noVerdict !== null && reasons.length === 0) reasons.push(NO_VERDICT_TEXT[row.noVerdict][lang])
  for (const reason of reasons) lines.push(`      ${reason}`)
  if (row.defects.length > 0) {
    const counts = new Map<string, number>()
    for (const d of row.defects) counts.set(d.class, (counts.get(d.class) ?? 0) + 1)
    const more = (row.defectCount ?? 0) - row.defects.length
    const named = [...counts].map(([name, n]) => `${name} × ${n}`).join(', ')
    lines.push(`      ${t('defects')}: ${named}${more > 0 ? MORE[lang](more) : ''}`)
  }
  if (row.image !== null) lines.push(`      ${t('image')}: ${row.image.sha256}`)
  return lines
}
