import type { I18n, SqlDatabase, SqlRow, SqlValue } from '../../contracts/index.ts'

/** What was done to a log, its records or its proof. */
export const FINDING_KINDS = {
  changed: { zh: '事件被修改', en: 'event changed' },
  dropped: { zh: '事件被删除', en: 'event dropped' },
  inserted: { zh: '事件被插入', en: 'event inserted' },
  moved: { zh: '事件被调换位置', en: 'event moved' },
  cut: { zh: '日志尾部被截断', en: 'tail of the log cut' },
  diverged: { zh: '日志与签名不符', en: 'log differs from what was signed' },
  sequence: { zh: '来源序号不连续', en: 'sequence of a source broken' },
  column: { zh: '索引列与事件不符', en: 'column differs from its event' },
  tree: { zh: '日志树与事件不符', en: 'tree differs from the events' },
  record: { zh: '检测记录与事件不符', en: 'record differs from its event' },
  image: { zh: '图像缺失或被修改', en: 'image missing or altered' },
  damaged: { zh: '数据库文件损坏', en: 'file of the database damaged' },
  schema: { zh: '数据库结构被修改', en: 'schema of the database altered' },
  checkpoint: { zh: '检查点无效', en: 'checkpoint invalid' },
  cosignature: { zh: '见证签名无效', en: 'cosignature invalid' },
  timestamp: { zh: '时间戳无效', en: 'time-stamp invalid' },
  tile: { zh: '哈希瓦片被修改', en: 'tile altered' },
  bundle: { zh: '证据包被修改', en: 'bundle altered' },
} satisfies Record<string, I18n>
export type FindingKind = keyof typeof FINDING_KINDS

export interface ProofFinding {
  kind: FindingKind
  /** Place in the log, from 1, as it was signed; for what was inserted, its place in the log as it is. */
  position: number | null
  /** Id of the event, when it is known. */
  event: string | null
  /** Serial or other subject of the event, when it is known. */
  subject: string | null
  /** What was found, in English, and in Chinese. */
  detail: string
  zh: string
}

/** Where something was found, as far as it is known. */
export type FindingPlace = Partial<Pick<ProofFinding, 'position' | 'event' | 'subject'>>

export interface VerifyReport {
  /**
   * `intact`: everything agrees with a checkpoint whose signature is good. `altered`: see the findings. `unproven`:
   * nothing contradicts, but no good checkpoint says how the log has to be.
   */
  state: 'intact' | 'altered' | 'unproven'
  /** Of a bundle: the part that it says it is about. */
  serial?: string
  origin: string | null
  events: number
  /** Events under the largest good checkpoint; the ones behind it are covered by nothing yet. */
  signed: number
  checkpoints: number
  cosigned: { witness: string; size: number; time: string }[]
  timestamped: { authority: string; size: number; time: string; trusted: boolean }[]
  records: number
  images: { checked: number; deletedByRetention: number }
  findings: ProofFinding[]
  /** Findings beyond `MAX_FINDINGS`. */
  more: number
  /** What this check could not tell, and why. */
  limits: I18n[]
}

/** Enough to work with; a rewritten log would give millions. */
const MAX_FINDINGS = 1_000

/** Rows that a statement finds, as far as they are named; the others are counted. */
export function foundRows<R extends SqlRow>(
  db: SqlDatabase,
  findings: Findings,
  sql: string,
  ...values: SqlValue[]
): R[] {
  const rows = db.all<R>(`${sql} limit ${MAX_FINDINGS}`, ...values)
  if (rows.length === MAX_FINDINGS) {
    const all = db.get<{ n: number }>(`select count(*) as n from (${sql}) found`, ...values)
    findings.addUnnamed((all?.n ?? 0) - MAX_FINDINGS)
  }
  return rows
}

export class Findings {
  readonly list: ProofFinding[] = []
  more = 0

  /** Findings of one kind that are too many to be named. */
  addUnnamed(count: number): void {
    this.more += Math.max(0, count)
  }

  add(
    kind: FindingKind,
    { en, zh }: I18n,
    { position = null, event = null, subject = null }: FindingPlace = {},
  ): void {
    if (this.list.length >= MAX_FINDINGS) this.more += 1
    else this.list.push({ kind, position, event, subject, detail: en, zh })
  }

  /** What another check of the same log found. */
  addAll(found: readonly ProofFinding[]): void {
    for (const f of found) this.add(f.kind, { en: f.detail, zh: f.zh }, f)
  }
}
