import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NO_VERDICT_REASONS } from '../../contracts/index.ts'
import { METHOD_IDS } from '../../models/teach/request.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'

const root = resolve(import.meta.dirname, '../../dashboard/web')

/** Dotted path of every text → text. */
function flatten(tree: object, prefix = ''): Map<string, string> {
  const out = new Map<string, string>()
  for (const [key, value] of Object.entries(tree) as [string, unknown][]) {
    if (typeof value === 'string') out.set(prefix + key, value)
    else for (const [k, v] of flatten(value as object, `${prefix}${key}.`)) out.set(k, v)
  }
  return out
}

const sources = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? sources(path) : /\.tsx?$/.test(name) ? [path] : []
  })

const texts = { en: flatten(en), zh: flatten(zh) }
const code = sources(root)
  .filter((path) => !path.includes('/i18n/'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')

/** Keys of `t('a.b')`, also of `t(x ? 'a.b' : 'a.c')`. */
const literals = [...code.matchAll(/\bt\(([^()]*)\)/g)].flatMap((call) =>
  [...(call[1] ?? '').matchAll(/'([a-z][\w-]*(?:\.[\w-]+)+)'/gi)].map((m) => m[1] ?? ''),
)
/** Beginnings of keys that are put together, such as `verdict.` of t(`verdict.${result}`). */
const prefixes = [...code.matchAll(/`([a-z]\w*(?:\.\w+)*\.)\$\{/gi)].map((m) => m[1] ?? '')

describe('texts of the pages', () => {
  it('have the same keys in both languages, none empty', () => {
    expect(texts.en.size).toBeGreaterThan(150)
    expect([...texts.zh.keys()].toSorted()).toEqual([...texts.en.keys()].toSorted())
    for (const [key, text] of [...texts.en, ...texts.zh]) expect(text.trim(), key).not.toBe('')
  })

  it('fill in the same values in both languages', () => {
    const slots = (text: string | undefined): string[] =>
      [...(text ?? '').matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '').toSorted()
    for (const [key, text] of texts.en) expect(slots(texts.zh.get(key)), key).toEqual(slots(text))
  })

  it('are Chinese in Chinese', () => {
    const same = [...texts.zh].filter(([, text]) => !/[\u4e00-\u9fff]/.test(text)).map(([key]) => key)
    expect(same).toEqual([])
  })

  it('exist for every key the code uses', () => {
    expect(literals.length).toBeGreaterThan(100)
    expect(literals.filter((key) => !texts.en.has(key))).toEqual([])
    for (const prefix of prefixes)
      expect(
        [...texts.en.keys()].some((key) => key.startsWith(prefix)),
        prefix,
      ).toBe(true)
  })

  it('are all used', () => {
    const unused = [...texts.en.keys()].filter(
      (key) => !code.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)),
    )
    expect(unused).toEqual([])
  })

  it('name every reason for a missing verdict', () => {
    expect(Object.keys(en.noVerdict).toSorted()).toEqual([...NO_VERDICT_REASONS].toSorted())
  })

  it('name every method of teaching', () => {
    expect(Object.keys(en.teach.methods)).toEqual(['auto', ...METHOD_IDS])
  })
})
