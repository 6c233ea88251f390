import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { factInChinese } from '../../contracts/index.ts'

/** What says something on the pages: why a part is held, what a camera, a model or a teaching lacks, what a store refuses. */
const SPEAKING = [
  'camera',
  'inspection',
  'models/adapters',
  'models/input',
  'models/life',
  'models/package',
  'models/runtime',
  'models/teach',
  'traceability/genealogy',
  'traceability/store',
  'bin/life',
  'bin/teach',
]
/** `the table edge`, which has no other words. */
const VALUES_ALONE = /^(the |in: )?[7\s]+$/
const CHINESE = /[\u4e00-\u9fff]/

/** Texts of `expected` and `hint` in a file that bring no Chinese of their own; 7 where a value goes. */
function facts(file: string): string[] {
  const found: string[] = []
  const texts = (e: ts.Node): string[] => {
    if (ts.isStringLiteral(e) || ts.isNoSubstitutionTemplateLiteral(e)) return [e.text]
    if (ts.isConditionalExpression(e)) return [...texts(e.whenTrue), ...texts(e.whenFalse)]
    if (!ts.isTemplateExpression(e)) return []
    return e.templateSpans.reduce(
      (heads, span) =>
        heads.flatMap((head) => {
          const own = texts(span.expression)
          return (own.length > 0 ? own : ['7']).map((value) => head + value + span.literal.text)
        }),
      [e.head.text],
    )
  }
  const visit = (n: ts.Node): void => {
    if (ts.isPropertyAssignment(n) && /^(expected|hint)$/.test(n.name.getText())) {
      const { parent } = n
      if (!parent.properties.some((p) => p.name?.getText() === 'zh')) found.push(...texts(n.initializer))
    }
    ts.forEachChild(n, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
  return found
}

describe('what people meet while a line runs', () => {
  it.each(SPEAKING)('is said in Chinese, too: %s', (folder) => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
    const said = files.flatMap((f) => facts(join(folder, f))).filter((text) => /[a-z]{3}/.test(text))
    expect(said.length).toBeGreaterThan(0)
    const english = said.filter((text) => !CHINESE.test(factInChinese(text)))
    expect([...new Set(english)].filter((text) => !VALUES_ALONE.test(text))).toEqual([])
  })
})
