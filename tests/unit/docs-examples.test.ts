import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { lineSchema, modelCardSchema, recipeSchema } from '../../contracts/index.ts'

const examples = (file: string, language: string): string[] =>
  [
    ...readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').matchAll(
      new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'),
    ),
  ].map(([, text = '']) => text)

/** A line that an example of some of its keys belongs to. */
const around = {
  line: 'around',
  title: { en: 'Around', zh: '示例' },
  stations: ['st10', 'st20'].map((id) => ({
    id,
    camera: { adapter: 'replay', path: '.', rate: 1 },
    recipe: 'r@1',
    budgetMs: 500,
  })),
}

function lineOf(example: Record<string, unknown>): unknown {
  if ('line' in example) return example
  const stations = Array.isArray(example['stations']) ? (example['stations'] as { id: string }[]) : []
  const merged = around.stations.map((s) => ({ ...s, ...stations.find(({ id }) => id === s.id) }))
  return { ...around, ...example, stations: merged }
}

describe('examples of the documents', () => {
  it.each(['README.md', 'docs/SETUP.md'])('in %s are what the schemas take', (file) => {
    const found = examples(file, 'yaml')
    expect(found.length).toBeGreaterThan(3)
    for (const text of found) {
      const example = parse(text) as Record<string, unknown>
      // The key of a witness is shortened in print.
      if ('proof' in example) continue
      const schema = 'recipe' in example ? recipeSchema : recipeSchema.partial()
      // Some keys of a recipe, shown by themselves.
      const ofRecipe = Object.keys(example).every((key) => key in recipeSchema.shape)
      const read = ofRecipe ? schema.safeParse(example) : lineSchema.safeParse(lineOf(example))
      expect(read.error?.issues ?? [], text).toEqual([])
    }
  })

  it('of a card is one', () => {
    for (const text of examples('docs/SETUP.md', 'json'))
      expect(modelCardSchema.safeParse(JSON.parse(text)).error?.issues ?? []).toEqual([])
  })
})
