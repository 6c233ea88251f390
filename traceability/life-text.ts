import type { I18n } from '../contracts/index.ts'
import { shortName } from './genealogy/index.ts'
import { happening } from './happening-words.ts'
import { ncrBrief } from './ncr-text.ts'
import type { LifeInspection, UnitLife } from './query/index.ts'

const PLACE: Record<UnitLife['where']['place'], I18n> = {
  line: { zh: '在产线', en: 'on the line' },
  held: { zh: '已隔离', en: 'held' },
  packed: { zh: '已装入', en: 'packed in' },
  shipped: { zh: '已发货', en: 'shipped in' },
  back: { zh: '退货收回', en: 'came back' },
  used: { zh: '已使用', en: 'in use' },
  scrapped: { zh: '已报废', en: 'scrapped' },
  returned: { zh: '退回供应商', en: 'to be returned to the supplier' },
}

const SIBLING: Record<UnitLife['siblings'][number]['kind'], I18n> = {
  lot: { zh: '同批次', en: 'same lot' },
  recipe: { zh: '同配方(12 小时内)', en: 'same recipe (within 12 h)' },
  fixture: { zh: '同夹具或载具', en: 'same fixture or carrier' },
  cavity: { zh: '同模穴', en: 'same cavity' },
  shift: { zh: '同班次', en: 'same shift' },
  minutes: { zh: '前后 10 分钟', en: 'within 10 minutes' },
}

const LABEL = {
  aliases: { zh: '别名', en: 'Also named' },
  where: { zh: '所在', en: 'Where' },
  into: { zh: '属于', en: 'part of' },
  from: { zh: '退自', en: 'back from' },
  hold: { zh: '隔离', en: 'Hold' },
  ncr: { zh: '不合格报告', en: 'Nonconformance' },
  rework: { zh: '返工', en: 'Rework' },
  backward: { zh: '来源', en: 'Made from' },
  forward: { zh: '去向', en: 'Went into' },
  siblings: { zh: '同类工件', en: 'Siblings' },
  timeline: { zh: '时间线', en: 'Timeline' },
  probable: { zh: '(可能)', en: ' (probable)' },
  over: { zh: '经', en: 'by way of' },
  recipe: { zh: '配方', en: 'recipe' },
  model: { zh: '模型', en: 'model' },
  material: { zh: '物料', en: 'material' },
  operator: { zh: '操作员', en: 'operator' },
  cavity: { zh: '模穴', en: 'cavity' },
  fixture: { zh: '夹具', en: 'fixture' },
  image: { zh: '图像', en: 'image' },
  corrected: { zh: '已被更正', en: 'superseded by' },
} satisfies Record<string, I18n>

/** Where a unit is, what it came from and went into, and what was stated about it, as plain text; times are UTC. */
export function renderUnitLife(life: UnitLife, lang: keyof I18n): string {
  const t = (key: keyof typeof LABEL): string => LABEL[key][lang]
  const result = (of: string | null): string => (of === null ? '–' : happening(of, lang))
  const { where, hold, rework } = life
  const place = [
    where.shipment ?? where.pallet,
    where.customer,
    where.order,
    where.into && `${t('into')} ${where.into}`,
    where.returnedTo,
    where.returnedFrom && `${t('from')} ${where.returnedFrom}`,
    where.returnedAt,
  ]
    .filter(Boolean)
    .join(', ')
  const lines = [`${t('where')}: ${PLACE[where.place][lang]} ${place}`.trimEnd()]
  if (life.aliases.length > 0)
    lines.push(
      t('aliases'),
      ...life.aliases.map((a) => `  ${a.scheme}  ${a.value.replaceAll('\u001d', '␝')}`),
    )
  if (hold !== null) lines.push(`${t('hold')}: ${hold.target}: ${hold.reason} (${hold.by}, ${hold.at})`)
  for (const ncr of life.ncrs) lines.push(`${t('ncr')}: ${ncrBrief(ncr, lang)}`)
  if (rework.count > 0)
    lines.push(
      `${t('rework')}: ${rework.count}, ${result(rework.firstResult)} → ${result(rework.lastResult)}`,
    )
  for (const side of ['backward', 'forward'] as const) {
    lines.push('', `${t(side)} (${life[side].total}${life[side].cut ? '+' : ''})`)
    for (const r of life[side].items) {
      const station = shortName(r.via)
      const over = station.startsWith('station/') ? `  ${t('over')} ${station}` : ''
      lines.push(`  ${'  '.repeat(r.level)}${r.name}${r.certain ? '' : t('probable')}${over}`)
    }
  }
  lines.push('', t('siblings'))
  for (const s of life.siblings)
    lines.push(
      `  ${SIBLING[s.kind][lang]}: ${s.shared}: ${s.count}${s.cut ? '+' : ''}  ${s.units
        .slice(0, 5)
        .map((u) => u.serial)
        .join(' ')}`,
    )
  lines.push('', `${t('timeline')} (${life.timeline.total})`)
  const inspected = new Map(life.inspections.items.map((i) => [i.position, i]))
  for (const e of life.timeline.entries) {
    const gone = e.supersededBy === null ? '' : `  [${t('corrected')} #${e.supersededBy}]`
    lines.push(
      `  #${e.position}  ${e.at}  ${happening(e.what, lang)}  ${e.subject}${e.text === null ? '' : `  ${e.text}`}` +
        `${e.by === null ? '' : ` (${e.by})`}${gone}`,
    )
    const inspection = inspected.get(e.position)
    if (inspection !== undefined) lines.push(...inspectionLines(inspection, t))
  }
  return `${lines.join('\n')}\n`
}

/** Values with their limits, and by what, where and under whom it was judged; hashes by their beginning. */
function inspectionLines(of: LifeInspection, t: (key: keyof typeof LABEL) => string): string[] {
  const pinned = (name: string, sha256: string): string => `${name} (${sha256.slice(0, 12)})`
  const named = (key: keyof typeof LABEL, value: string | null): string[] =>
    value === null ? [] : [`${t(key)} ${value}`]
  const { lot = null, supplier = null } = of.material ?? {}
  const facts = [
    `${t('recipe')} ${pinned(of.recipe, of.recipeSha256)}`,
    ...of.models.map((m) => `${t('model')} ${pinned(`${m.id}@${m.version}`, m.sha256)}`),
    ...named('material', lot && [lot, supplier].filter(Boolean).join(' / ')),
    ...named('operator', of.operator),
    ...named('cavity', of.cavity),
    ...named('fixture', of.fixture),
    ...of.images.map((i) => `${t('image')} ${i.sha256.slice(0, 12)}`),
  ]
  const values = of.measurements.map(
    (m) => `${m.characteristic} ${m.value} ${m.unit} [${m.lsl ?? ''}…${m.usl ?? ''}]`,
  )
  return [values.join('  '), facts.join('  ')].filter((line) => line !== '').map((line) => `      ${line}`)
}
