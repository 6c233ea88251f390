import type { I18n, IdentityChanged, PartDisposition, TraceFact, VerdictResult } from '../contracts/index.ts'

export const RESULT: Record<VerdictResult, I18n> = {
  pass: { zh: '合格', en: 'pass' },
  fail: { zh: '不合格', en: 'fail' },
  inconclusive: { zh: '待判', en: 'inconclusive' },
}

export const DISPOSITION: Record<PartDisposition, I18n> = {
  release: { zh: '放行', en: 'release' },
  rework: { zh: '返工', en: 'rework' },
  regrade: { zh: '降级', en: 'regrade' },
  scrap: { zh: '报废', en: 'scrap' },
  'return-to-supplier': { zh: '退回供应商', en: 'return to supplier' },
  'use-as-is': { zh: '让步使用', en: 'use as is' },
  hold: { zh: '隔离', en: 'hold' },
}

/** Kinds of facts, named as in EPCIS 2.0, of links that are part of one, and of changes of identity. */
const KIND: Record<TraceFact['kind'] | 'deliver' | 'order' | IdentityChanged['kind'], I18n> = {
  commission: { zh: '赋码', en: 'commissioned as' },
  receive: { zh: '收货', en: 'received' },
  aggregate: { zh: '装入', en: 'packed in' },
  disaggregate: { zh: '取出', en: 'taken from' },
  transform: { zh: '转化', en: 'made from' },
  associate: { zh: '关联', en: 'belongs to' },
  rework: { zh: '返工', en: 'reworked' },
  reinspect: { zh: '复检', en: 'inspected again' },
  dispose: { zh: '人工处置', en: 'decided' },
  hold: { zh: '隔离', en: 'held' },
  release: { zh: '解除隔离', en: 'released' },
  ship: { zh: '发运', en: 'shipped in' },
  return: { zh: '退货收回', en: 'came back' },
  deliver: { zh: '交付', en: 'delivered to' },
  order: { zh: '订单', en: 'for' },
  use: { zh: '投用', en: 'in use' },
  complain: { zh: '投诉', en: 'complaint' },
  retract: { zh: '撤销', en: 'withdrawn' },
  merge: { zh: '身份合并', en: 'identities merged' },
  split: { zh: '身份拆分', en: 'identities split' },
}

const WORDS: Readonly<Record<string, I18n>> = { ...KIND, ...RESULT }

/** What happened to a part in words: a fact, a link of its genealogy or a verdict. What has no name stays as it is. */
export const happening = (what: string, lang: keyof I18n): string => WORDS[what]?.[lang] ?? what
