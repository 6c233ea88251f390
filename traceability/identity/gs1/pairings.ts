import { CodedError } from '../../../contracts/thread.ts'
import { GS1_RULES, isAi } from './ai-table.ts'
import type { Gs1Element } from './elements.ts'

/**
 * Checks which AIs stand together: mandatory associations and invalid pairs (General Specifications 4.14). To be asked
 * of all GS1 data on one part together; a label may be split over several symbols.
 *
 * @param elements of known AIs
 * @throws TRC_IDENTITY that names both AIs; the rules apply to the whole part, so there is no character to point at
 */
export function checkPairings(elements: readonly Gs1Element[]): void {
  const ais = [...new Set(elements.map((e) => e.ai))]
  const has = (pattern: string): boolean => ais.some((ai) => isAi(pattern, ai))
  for (const ai of ais) {
    const rule = GS1_RULES.get(ai)
    if (!rule) continue
    for (const pattern of rule.excludes) {
      const other = ais.find((a) => a !== ai && isAi(pattern, a))
      if (other !== undefined) refusePair(ai, `AI (${ai}) without AI (${other})`, ais)
    }
    if (rule.needs.length > 0 && !rule.needs.some((set) => set.every(has))) {
      const wanted = rule.needs.map((set) => set.map((a) => `(${a})`).join(' and ')).join(', or ')
      refusePair(ai, `AI (${ai}) together with AI ${wanted}`, ais)
    }
  }
}

function refusePair(ai: string, expected: string, ais: readonly string[]): never {
  throw new CodedError('TRC_IDENTITY', {
    path: `AI (${ai})`,
    expected,
    actual: ais.map((a) => `(${a})`).join(' '),
    hint: 'correct the label data',
  })
}
