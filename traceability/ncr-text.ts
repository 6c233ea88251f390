import type { I18n, NcrCategory, NcrState, NcrStepKind } from '../contracts/index.ts'
import { shortName } from './genealogy/things.ts'
import type { NcrDetail, NcrRow } from './query/index.ts'

const STATE: Record<NcrState, I18n> = {
  contain: { zh: '待围堵', en: 'to contain' },
  cause: { zh: '待查因', en: 'to find the cause' },
  act: { zh: '措施中', en: 'to correct' },
  verify: { zh: '待验证', en: 'to verify' },
  release: { zh: '待解除隔离', en: 'to release' },
  close: { zh: '可关闭', en: 'to close' },
  closed: { zh: '已关闭', en: 'closed' },
  withdrawn: { zh: '已撤回', en: 'withdrawn' },
}
const SEVERITY: Record<NcrRow['severity'], I18n> = {
  minor: { zh: '轻微', en: 'minor' },
  major: { zh: '主要', en: 'major' },
  critical: { zh: '致命', en: 'critical' },
}
const CATEGORY: Record<NcrCategory, I18n> = {
  man: { zh: '人', en: 'man' },
  machine: { zh: '机', en: 'machine' },
  material: { zh: '料', en: 'material' },
  method: { zh: '法', en: 'method' },
  measurement: { zh: '测', en: 'measurement' },
  environment: { zh: '环', en: 'environment' },
}
const STEP: Record<NcrStepKind, I18n> = {
  open: { zh: '开立', en: 'opened' },
  amend: { zh: '更正', en: 'amended' },
  contain: { zh: '围堵', en: 'contained' },
  cause: { zh: '原因', en: 'cause' },
  act: { zh: '措施', en: 'action' },
  done: { zh: '措施完成', en: 'action done' },
  drop: { zh: '措施取消', en: 'action dropped' },
  verify: { zh: '有效性', en: 'effectiveness' },
  close: { zh: '关闭', en: 'closed' },
  reopen: { zh: '重开', en: 'reopened' },
  withdraw: { zh: '撤回', en: 'withdrawn' },
}
const LABEL = {
  about: { zh: '涉及', en: 'About' },
  evidence: { zh: '证据', en: 'Evidence' },
  holds: { zh: '隔离', en: 'Holds' },
  inForce: { zh: '生效中', en: 'in force' },
  released: { zh: '已解除', en: 'released' },
  cause: { zh: '原因', en: 'Cause' },
  actions: { zh: '措施', en: 'Actions' },
  effect: { zh: '有效性', en: 'Effectiveness' },
  effective: { zh: '有效', en: 'effective' },
  notEffective: { zh: '无效', en: 'not effective' },
  undecided: { zh: '待判未复核', en: 'inconclusive' },
  history: { zh: '历史', en: 'History' },
  overdue: { zh: '逾期', en: 'overdue' },
  dropped: { zh: '已取消', en: 'dropped' },
  done: { zh: '完成', en: 'done' },
  open: { zh: '未完成', en: 'open' },
} satisfies Record<string, I18n>

type Lang = keyof I18n

const overdueText = (n: number, lang: Lang): string => (n === 0 ? '' : `${LABEL.overdue[lang]} ${n}`)

/** Columns of a list. */
export const ncrLine = {
  header: {
    zh: ['编号', '状态', '等级', '标题', '涉及', '期限', '逾期'],
    en: ['ncr', 'state', 'severity', 'title', 'about', 'due', 'overdue'],
  } satisfies Record<Lang, string[]>,
  cells: (r: NcrRow, lang: Lang): string[] => [
    r.id,
    STATE[r.state][lang],
    SEVERITY[r.severity][lang],
    r.title,
    r.targets.map((t) => t.name).join(' '),
    r.due === null ? '' : `${r.due} ${r.owner ?? ''}`,
    r.overdue === 0 ? '' : String(r.overdue),
  ],
}

/** One line about a report, as the life of a part shows it. */
export const ncrBrief = (r: NcrRow, lang: Lang): string =>
  [r.id, STATE[r.state][lang], SEVERITY[r.severity][lang], r.title, overdueText(r.overdue, lang)]
    .filter(Boolean)
    .join('  ')

/** One report as plain text; times are UTC. */
export function renderNcr(ncr: NcrDetail, lang: Lang): string {
  const t = (key: keyof typeof LABEL): string => LABEL[key][lang]
  const lines = [
    ncrBrief(ncr, lang),
    `${t('about')}: ${ncr.targets.map((x) => x.name).join(', ')}`,
    `${t('evidence')}: ${[...ncr.classes, ...ncr.inspections.map((i) => i.serial)].join(', ') || '–'}`,
  ]
  for (const h of ncr.containment?.holds ?? [])
    lines.push(
      `${t('holds')}: ${shortName(h.target)}  ${h.releasedAt === null ? t('inForce') : `${t('released')} (${h.releasedBy ?? ''}, ${h.releasedAt})`}`,
    )
  if (ncr.cause !== null)
    lines.push(`${t('cause')}: ${CATEGORY[ncr.cause.category][lang]}: ${ncr.cause.whys.join(' ← ')}`)
  if (ncr.actions.length > 0) lines.push(t('actions'))
  for (const a of ncr.actions)
    lines.push(
      `  ${a.due}  ${a.owner}  ${t(a.state)}  ${a.text}${a.ended === null ? '' : `: ${a.ended.note}`}`,
    )
  if (ncr.verification !== null) {
    const { effective, reason, comparison: c } = ncr.verification
    const { undecided = 0, beforeUndecided = 0 } = c
    const open =
      undecided + beforeUndecided > 0 ? `, ${t('undecided')} ${beforeUndecided} → ${undecided}` : ''
    lines.push(
      `${t('effect')}: ${t(effective ? 'effective' : 'notEffective')}: ` +
        `${c.beforeBad}/${c.beforeN} → ${c.bad}/${c.n}, p = ${c.p.toPrecision(2)}${open}: ${reason}`,
    )
  }
  lines.push('', t('history'))
  for (const h of ncr.history)
    lines.push(`  #${h.position}  ${h.at}  ${STEP[h.kind][lang]}  ${h.text} (${h.by})`)
  return `${lines.join('\n')}\n`
}
