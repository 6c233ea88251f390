import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CodedError, lineSchema, parseStrict, recipeSchema, schemaFaults } from '../../contracts/index.ts'

const caught = (f: () => unknown): CodedError => {
  try {
    f()
  } catch (e) {
    if (e instanceof CodedError) return e
    throw e
  }
  throw new Error('nothing thrown')
}

const LINE = `line: caps-a
title: { zh: 线, en: line }
stations:
  - id: st10
    camera: { adapter: replay, path: ./x, rate: 5 }
    recipe: cap-top@4
    budgetMs: 120
`

describe('parseStrict', () => {
  it('accepts a line and fills in defaults', () => {
    const line = parseStrict(LINE, lineSchema, 'a.line.yaml')
    expect(line.stations[0]).toMatchObject({
      camera: { backPressure: 'miss', staleMs: 5000, frozenAfter: 0 },
      reject: { adapter: 'recording' },
    })
  })

  it('names path, line, expected and found for a mistyped key', () => {
    const e = caught(() => parseStrict(LINE.replace('budgetMs', 'budgetms'), lineSchema, 'a.line.yaml'))
    expect(e.code).toBe('CFG_INVALID')
    expect(e.message).toContain('a.line.yaml')
    expect(e.message).toMatch(/stations\[0\]\.budgetms/)
    expect(e.message).toMatch(/line 7/)
  })

  it.each([
    ['an alias of nothing', 'plant: *nowhere\n', /Unresolved alias/],
    ['an alias of itself', 'x: &a [*a]\n', /circular/],
    [
      'aliases of aliases without end',
      `a: &a [${'1,'.repeat(10)}]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\nd: [${'*c,'.repeat(10)}]\n`,
      /Excessive alias count/,
    ],
    // Notepad's "Unicode", and a Chinese title saved in GBK, as `readFile(…, 'utf8')` gives them.
    ['UTF-16', Buffer.from(`\uFEFF${LINE}`, 'utf16le').toString('utf8'), /line 1.*UTF-8/],
    ['GBK', `${LINE}plant: ${Buffer.from([0xca, 0xbe, 0xc0, 0xfd]).toString('utf8')}\n`, /line 8.*UTF-8/],
  ])('refuses %s as a fault of syntax', (_, text, says) => {
    const e = caught(() => parseStrict(text, lineSchema, 'a.line.yaml'))
    expect(e.code).toBe('CFG_SYNTAX')
    expect(e.message).toMatch(says)
  })

  it('calls a number that JSON has no word for by its name', () => {
    const e = caught(() => parseStrict(LINE.replace('120', '.nan'), lineSchema, 'a.line.yaml'))
    expect(e.message).toMatch(/stations\[0\]\.budgetMs.*found NaN/)
  })

  it('goes into the branch of a union the author meant', () => {
    const e = caught(() =>
      parseStrict(LINE.replace('rate: 5', 'rate: 5, exposureus: 3'), lineSchema, 'a.line.yaml'),
    )
    expect(e.detail).toMatchObject({
      path: 'stations[0].camera.exposureus',
      line: 5,
      actual: 'unknown key "exposureus"',
    })
    const wrong = caught(() =>
      parseStrict(LINE.replace('adapter: replay', 'adapter: reply'), lineSchema, 'a.line.yaml'),
    )
    expect(wrong.message).toMatch(/stations\[0\]\.camera\.adapter/)
    expect(wrong.message).toMatch(/replay/)
  })

  it('says wrong units and types with what was expected', () => {
    const e = caught(() =>
      parseStrict(LINE.replace('budgetMs: 120', 'budgetMs: 120ms'), lineSchema, 'a.line.yaml'),
    )
    expect(e.detail).toMatchObject({
      path: 'stations[0].budgetMs',
      line: 7,
      expected: 'number',
      actual: '"120ms"',
    })
  })

  it('reports broken YAML with its line, and repeated keys', () => {
    expect(caught(() => parseStrict('a: 1\nb: [1,\n', lineSchema, 'f')).code).toBe('CFG_SYNTAX')
    const e = caught(() => parseStrict(`${LINE}line: again\n`, lineSchema, 'f'))
    expect([e.code, e.detail.line]).toEqual(['CFG_SYNTAX', 8])
  })

  it('reports every fault, not only the first', () => {
    const e = caught(() => parseStrict('recipe: X\nversion: 0\n', recipeSchema, 'r'))
    expect(e.message).toMatch(/more: /)
    expect(e.message).toMatch(/version/)
  })

  it('says what a request should have held, not that it was invalid', () => {
    const asked = { day: '2026-02-30', run: 'x', fact: { kind: 'eat' } }
    const schema = z.object({
      day: z.iso.date(),
      run: z.uuid(),
      fact: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('hold') }),
        z.object({ kind: z.literal('release') }),
      ]),
    })
    const parsed = schema.safeParse(asked)
    const faults = parsed.success ? [] : schemaFaults(parsed.error, asked)
    expect(faults.map((f) => f.expected)).toEqual(['a date, e.g. 2026-01-31', 'a UUID', "'hold' | 'release'"])
  })
})
