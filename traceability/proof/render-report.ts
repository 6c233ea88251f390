import type { I18n } from '../../contracts/index.ts'
import type { PartProof } from './part-proof.ts'
import { FINDING_KINDS, type VerifyReport } from './report.ts'

const STATE: Record<VerifyReport['state'], I18n> = {
  intact: { zh: '完好:与签名一致', en: 'intact: as it was signed' },
  altered: { zh: '已被改动', en: 'ALTERED' },
  unproven: {
    zh: '未发现矛盾,但没有有效签名可证明',
    en: 'unproven: nothing contradicts, but no good signature says how it has to be',
  },
}

const WORD = {
  log: { zh: '日志', en: 'Log' },
  part: { zh: '工件', en: 'Part' },
  events: { zh: '事件', en: 'events' },
  signed: { zh: '已签名', en: 'signed' },
  checkpoints: { zh: '检查点', en: 'checkpoints' },
  records: { zh: '检测记录', en: 'records' },
  images: { zh: '图像', en: 'images' },
  deleted: { zh: '按保留策略删除', en: 'deleted by retention' },
  cosigned: { zh: '见证', en: 'Cosigned' },
  stamped: { zh: '时间戳', en: 'Time-stamped' },
  upTo: { zh: '至', en: 'up to' },
  place: { zh: '位置', en: 'position' },
  more: { zh: '其余发现', en: 'further findings' },
  limits: { zh: '无法判断的内容', en: 'What this check cannot tell' },
  proof: { zh: '存证', en: 'Proof' },
  included: { zh: '包含于检查点,事件数', en: 'included in the checkpoint of size' },
  unsignedYet: { zh: '尚未签名,位置', en: 'not signed yet, positions' },
  broken: { zh: '与签名不符,位置', en: 'NOT as it was signed, positions' },
  none: { zh: '尚无检查点', en: 'no checkpoint yet' },
  noWitness: { zh: '无见证签名', en: 'no witness has cosigned it' },
} satisfies Record<string, I18n>

/** A report as plain text for a terminal. */
export function renderReport(r: VerifyReport, lang: keyof I18n): string {
  const t = (key: keyof typeof WORD): string => WORD[key][lang]
  const lines = [
    STATE[r.state][lang],
    '',
    ...(r.serial === undefined ? [] : [`${t('part')} ${JSON.stringify(r.serial)}`]),
    `${t('log')} ${r.origin ?? '?'}: ${r.events} ${t('events')}, ${r.signed} ${t('signed')}, ${r.checkpoints} ${t('checkpoints')}`,
    `${t('records')}: ${r.records}    ${t('images')}: ${r.images.checked}, ${t('deleted')}: ${r.images.deletedByRetention}`,
    ...r.cosigned.map((c) => `${t('cosigned')}: ${c.witness}, ${t('upTo')} ${c.size}, ${c.time}`),
    ...r.timestamped.map((s) => `${t('stamped')}: ${s.authority}, ${t('upTo')} ${s.size}, ${s.time}`),
  ]
  if (r.findings.length > 0) lines.push('')
  for (const f of r.findings) {
    const where = [f.position === null ? '' : `${t('place')} ${f.position}`, f.subject ?? '', f.event ?? '']
    lines.push(
      `${FINDING_KINDS[f.kind][lang]}: ${[...where, lang === 'zh' ? f.zh : f.detail].filter(Boolean).join(', ')}`,
    )
  }
  if (r.more > 0) lines.push(`${t('more')}: ${r.more}`)
  lines.push('', `${t('limits')}:`, ...r.limits.map((l) => `  - ${l[lang]}`))
  return `${lines.join('\n')}\n`
}

/** The proof of a part's events, for the end of its life on a terminal. */
export function renderPartProof(p: PartProof, lang: keyof I18n): string {
  const t = (key: keyof typeof WORD): string => WORD[key][lang]
  if (p.checkpoint === null) return `\n${t('proof')}: ${t('none')}\n`
  const list = (proven: boolean, signed: boolean): string =>
    p.events
      .filter((e) => e.proven === proven && (e.proof !== null) === signed)
      .map((e) => e.position)
      .join(', ')
  const lines = ['', `${t('proof')}`]
  if (list(true, true) !== '') lines.push(`  ${t('included')} ${p.checkpoint.size}: ${list(true, true)}`)
  if (list(false, true) !== '') lines.push(`  ${t('broken')}: ${list(false, true)}`)
  if (list(false, false) !== '') lines.push(`  ${t('unsignedYet')}: ${list(false, false)}`)
  for (const c of p.cosigned) lines.push(`  ${t('cosigned')}: ${c.witness}, ${c.time}`)
  if (p.cosigned.length === 0) lines.push(`  ${t('noWitness')}`)
  return `${lines.join('\n')}\n`
}
