import type { I18n } from '../../contracts/index.ts'

/** What was found in the tables that are made from the log, in the words of a report. */
export const TABLE_WORDS = {
  // Facts, holds, reviews
  notInTable: (table: string): I18n => ({
    zh: `事件所述不在表 ${table} 中`,
    en: `what the event says is not in the table ${table}`,
  }),
  inTable: (table: string, name: string, found: unknown, expected: unknown): I18n => ({
    zh: `${name} 在表 ${table} 中为 ${String(found)},在日志中为 ${String(expected)}`,
    en: `${name} is ${String(found)} in the table ${table} and ${String(expected)} in the log`,
  }),
  noEvent: (table: string): I18n => ({
    zh: `表 ${table} 的一行没有对应的事件`,
    en: `a row of the table ${table} without an event`,
  }),

  // Links
  linkGone: (child: string, parent: string): I18n => ({
    zh: `由 ${child} 到 ${parent} 的关系不存在`,
    en: `the link from ${child} to ${parent} is gone`,
  }),
  linkUnstated: (child: string, parent: string): I18n => ({
    zh: `由 ${child} 到 ${parent} 的关系没有事件说明`,
    en: `a link from ${child} to ${parent} that no event states`,
  }),
  link: (parent: string, name: string, found: unknown, expected: unknown): I18n => ({
    zh: `到 ${parent} 的关系,其 ${name} 在表 edge 中为 ${String(found)},在日志中为 ${String(expected)}`,
    en: `${name} of the link to ${parent} is ${String(found)} in the table edge and ${String(expected)} in the log`,
  }),
  endUnstated: (parent: string): I18n => ({
    zh: `到 ${parent} 的关系被结束,但没有事件说明`,
    en: `the link to ${parent} was ended by no event`,
  }),
  notEnded: (thing: string): I18n => ({
    zh: `事件所述 ${thing} 的关系没有被结束`,
    en: `no link of ${thing} was ended, as the event says`,
  }),
  linkCount: (count: number, stated: number): I18n => ({
    zh: `表 edge 中有 ${count} 个关系,事件说明的有 ${stated} 个`,
    en: `${count} links are in the table edge, the events state ${stated}`,
  }),

  // Units and lots
  noUnitOfInspection: {
    zh: '检测的单件不在表 identity 中',
    en: 'the unit of the inspection is not in the table identity',
  },
  otherUnitOfInspection: {
    zh: '表 identity 中该单件的行与其首次检测不符',
    en: 'the row of the unit in the table identity is not as its first inspection says',
  },
  noUnit: { zh: '事件中的单件不在表 identity 中', en: 'the unit of the event is not in the table identity' },
  otherUnit: {
    zh: '表 identity 中该单件的行与事件不符',
    en: 'the row of the unit in the table identity is not as the event says',
  },
  unitUnstated: {
    zh: '表 identity 的一行没有事件说明',
    en: 'a row of the table identity that no event states',
  },
  alias: (value: string, scheme: string): I18n => ({
    zh: `表 identity_alias 中 ${value}(${scheme})是该单件的名称,但其任何一次检测都未读到它`,
    en: `${value} (${scheme}) is a name of the unit in the table identity_alias, and was read with none of its inspections`,
  }),
  lotUnstated: {
    zh: '表 material_lot 的一行没有事件说明',
    en: 'a row of the table material_lot that no event states',
  },
  otherLot: (lot: string, product: string): I18n => ({
    zh: `表 material_lot 称该批次为 ${product} 的 ${lot}`,
    en: `the table material_lot calls the lot ${lot} of ${product}`,
  }),
  supplierUnstated: (supplier: string | null): I18n => ({
    zh: `表 material_lot 中该批次${supplier === null ? '没有供应商' : `来自 ${supplier}`},没有事件这样说明`,
    en: `the lot comes from ${supplier ?? 'nobody'} in the table material_lot, which no event says`,
  }),
  noLot: { zh: '该批次不在表 material_lot 中', en: 'the lot is not in the table material_lot' },

  // Triggers
  notJudged: (number: number): I18n => ({
    zh: `检测的触发 ${number} 在表 part_trigger 中不是已判定`,
    en: `trigger ${number} of the inspection is not in the table part_trigger as judged`,
  }),
  judgedOfNone: (number: number): I18n => ({
    zh: `触发 ${number} 在表 part_trigger 中为已判定,但没有它的检测`,
    en: `trigger ${number} is judged in the table part_trigger, and no inspection is of it`,
  }),
  notAudited: (number: number): I18n => ({
    zh: `触发 ${number} 以中断结案,但其计数不在表 trigger_audit 中`,
    en: `trigger ${number} was closed as interrupted, and its count is not in the table trigger_audit`,
  }),
  gapInNoCount: (first: number, last: number): I18n => ({
    zh: `表 trigger_gap 中 ${first} 至 ${last} 的跳号不在表 trigger_audit 的任何计数之内`,
    en: `the jump ${first} to ${last} in the table trigger_gap lies in no count of the table trigger_audit`,
  }),
  auditUnknown: (low: number, high: number): I18n => ({
    zh: `表 trigger_audit 的两端为 ${low} 和 ${high},表 part_trigger 中并非两者都有`,
    en: `the table trigger_audit ends at ${low} and ${high}, and the table part_trigger does not know both`,
  }),
  neither: (first: number, last: number): I18n => ({
    zh: `按表 trigger_audit 已清点触发 ${first} 至 ${last},但它们既未判定,也不在表 trigger_gap 中`,
    en: `triggers ${first} to ${last} were gone through by the table trigger_audit, and are neither judged nor in the table trigger_gap`,
  }),
} satisfies Record<string, I18n | ((...args: never[]) => I18n)>
