import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { I18n } from '../../contracts/index.ts'
import { renderReport, verifyDataDir } from '../../traceability/index.ts'
import { WORDS } from '../../traceability/proof/finding-words.ts'
import { TABLE_WORDS } from '../../traceability/proof/table-words.ts'
import { capture, signNow, sql, temporary } from './samples/signed-log.ts'

const place = temporary()
beforeAll(async () => {
  await capture(place.dir, 1, 6)
  await signNow(place.dir)
})
afterAll(() => place.dispose())

const CHINESE = /[\u4e00-\u9fff]/

/** Stands for a fact of any kind: a text, a number, a text in two languages, a list, a member that changed. */
function fact(n: number): unknown {
  const text = `§${n}`
  const member = { vkey: text, path: text, was: `${text}a`, is: `${text}b`, toString: () => text }
  return Object.assign([member], { zh: text, en: text, what: 'missing', type: 'table', name: text })
}

describe('what verify finds', () => {
  it.each([...Object.entries(WORDS), ...Object.entries(TABLE_WORDS)])(
    'is said with the same facts in both languages: %s',
    (_, words) => {
      const say = words as I18n | ((...facts: unknown[]) => I18n)
      const { zh, en } =
        typeof say === 'function' ? say(...Array.from({ length: say.length }, (_, n) => fact(n))) : say
      const facts = (text: string): string[] => [...new Set(text.match(/§\d[ab]?/g))].sort()
      expect(facts(zh)).toEqual(facts(en))
      expect(zh).toMatch(CHINESE)
      expect(en).not.toMatch(CHINESE)
    },
  )

  it('is reported in Chinese when that was asked for, and in English in `detail`', async () => {
    const dir = place.copy()
    sql(
      dir,
      `update inspection set station = 'elsewhere' where position = 2;
       delete from inspection where position = 4`,
    )
    appendFileSync(join(dir, 'log', 'checkpoints.jsonl'), '{}\n')
    const report = await verifyDataDir(dir)
    expect(report.findings.map(({ detail, zh }) => [detail, zh])).toEqual([
      ['checkpoints.jsonl line 2: cannot be read', 'checkpoints.jsonl 第 2 行:无法读取'],
      [
        'station is elsewhere in the record and st10 in the event',
        'station 在记录中为 elsewhere,在事件中为 st10',
      ],
      ['the inspection record is gone', '检测记录不存在'],
    ])
    const told = renderReport(report, 'zh')
    for (const { zh, detail } of report.findings) {
      expect(told).toContain(zh)
      expect(told).not.toContain(detail)
    }
  })
})
