import { CodedError, modelCardSchema } from '../../contracts/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import { parsePackageJson } from './parse-json.ts'

/**
 * Parses a card and checks what its schema cannot say.
 *
 * @throws MDL_PACKAGE with the path of the first fault
 */
export function readCard(text: string, file: string): ModelCard {
  const card = parsePackageJson(text, modelCardSchema, file)
  const fault = cardFault(card)
  if (fault !== null) throw new CodedError('MDL_PACKAGE', { file, ...fault })
  return card
}

function cardFault(card: ModelCard): { path: string; expected: string; actual: string } | null {
  const roles = card.inputs.map((i) => i.role)
  if (roles.filter((r) => r === 'image').length !== 1 || new Set(roles).size !== roles.length)
    return {
      path: 'inputs',
      expected: 'one input with role image, and at most one with role template',
      actual: roles.join(', '),
    }
  if (new Set(card.inputs.map((i) => i.name)).size !== card.inputs.length)
    return {
      path: 'inputs',
      expected: 'different names',
      actual: card.inputs.map((i) => i.name).join(', '),
    }
  for (const [n, input] of card.inputs.entries()) {
    const path = `inputs[${n}]`
    if ((input.widthPx === null) !== (input.heightPx === null))
      return {
        path,
        expected: 'widthPx and heightPx both fixed or both null',
        actual: `${input.widthPx} x ${input.heightPx}`,
      }
    if (input.widthPx === null && input.fit !== 'none')
      return {
        path: `${path}.fit`,
        expected: 'none, since the graph takes any size',
        actual: input.fit,
      }
  }
  const twice = card.labels.find((l, i) => card.labels.indexOf(l) !== i)
  if (twice !== undefined) return { path: 'labels', expected: 'each label once', actual: `${twice} twice` }
  if (card.spec.family === 'anomaly-map' && card.labels.length !== 1)
    return {
      path: 'labels',
      expected: 'one label for anomaly-map: the name of its findings',
      actual: card.labels.join(', '),
    }
  return null
}
