import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
/** Absolute paths of the pages in a folder. */
const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((f) => (f.endsWith('.md') ? [join(root, folder, f)] : []))
const SUBJECTS = pagesIn('docs')
const PAGES = [join(root, 'README.md'), ...SUBJECTS, ...pagesIn('docs/adr')]

/** A page without its blocks of code, in which `#` begins no heading. */
const textOf = (page: string): string => readFileSync(page, 'utf8').replace(/^ *```.*?^ *```/gms, '')

/** Names of the headings of a page, as GitHub makes them: small letters, hyphens for blanks, a number behind what is there already. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of textOf(page).matchAll(/^#{1,6} +(.+)$/gm)) {
    const name = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    let own = name
    for (let n = 1; anchors.has(own); n++) own = `${name}-${n}`
    anchors.add(own)
  }
  return anchors
}

/** What is wrong with the links of a page to files and headings. */
const brokenLinks = (page: string): string[] =>
  [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/i.test(link)) return []
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? page : resolve(dirname(page), file)
    if (!existsSync(target)) return [`${link}: no such file`]
    return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [`${link}: no such heading`]
  })

describe('documents', () => {
  it.each(PAGES.map((p) => relative(root, p)))('%s links to files and headings that are there', (page) => {
    expect(brokenLinks(join(root, page))).toEqual([])
  })

  it('has every page named in the overview and in the README', () => {
    for (const from of ['README.md', 'docs/ARCHITECTURE.md']) {
      const text = textOf(join(root, from))
      const named = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, file = '']) =>
        resolve(dirname(join(root, from)), file),
      )
      const missing = SUBJECTS.filter((p) => p !== join(root, from) && !named.includes(p))
      expect(SUBJECTS.length).toBeGreaterThan(10)
      expect(missing.map((p) => relative(root, p))).toEqual([])
    }
  })

  it.each(SUBJECTS.map((p) => relative(root, p)))('%s is no wall of text', (page) => {
    const lines = textOf(join(root, page)).split('\n')
    const walls = lines.filter((l) => !l.startsWith('|') && l.length > 600)
    expect(walls.map((l) => `${l.slice(0, 60)} …`)).toEqual([])
  })
})
