import { expect, it } from 'vitest'
import { traceFactSchema, VERDICTS } from '../../contracts/index.ts'
import { happening } from '../../traceability/happening-words.ts'

const FACTS = traceFactSchema.options.map((o) => [...o.shape.kind.values][0] ?? '')

it.each([...FACTS, 'deliver', 'order', 'merge', 'split', ...VERDICTS])('names %s in Chinese', (what) => {
  expect(happening(what, 'zh')).toMatch(/^\p{Script=Han}+$/u)
})

it('leaves what it does not know as it is', () => {
  expect(happening('sync', 'zh')).toBe('sync')
})
