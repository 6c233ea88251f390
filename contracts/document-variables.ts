import type { Document, Scalar } from 'yaml'
import type { CodedError, ErrorDetail } from './errors.ts'
import { yaml } from './yaml.ts'

/** Of an environment: the value by name, undefined for one that is not set. */
export type Variables = (name: string) => string | undefined

// Noncharacters of Unicode, so that YAML takes `${NAME}` for plain text, inside { } too.
const [OPEN, CLOSE] = ['\uFDD0', '\uFDD1']
const FORM = new RegExp(`^${OPEN}([A-Z][A-Z0-9_]*)(?::-([^${OPEN}${CLOSE}]*))?${CLOSE}$`)
/** A variable; without its end it runs to that of the value. */
const MARKED = new RegExp(`${OPEN}[^${CLOSE}]*(?:${CLOSE}|$)`, 'g')
const FORMS = '`${NAME}` or `${NAME:-default}`, NAME of capital letters, digits and _'

/** The text with marks in place of the brackets of `${…}`; lines stay where they are. */
export function markVariables(text: string): string {
  let depth = 0
  return text.replace(/\$\{|\}|\n/g, (found) => {
    if (found === '\n') depth = 0
    else if (found === '${') depth++
    else if (depth === 0) return found
    else depth--
    return { '${': OPEN, '}': CLOSE }[found] ?? found
  })
}

export const unmarkVariables = (text: string): string => text.replaceAll(OPEN, '${').replaceAll(CLOSE, '}')

/**
 * Fills `${NAME}` and `${NAME:-default}` in the values of a document whose text was marked. A value stays one value,
 * whatever stands in the variable; without quotes it is a number or a boolean where it looks like one.
 *
 * @throws what `refuse` makes of another form, a variable in a key, and one that is not set
 */
export function fillVariables(
  doc: Document.Parsed,
  variables: Variables,
  refuse: (node: Scalar, at: PropertyKey[], detail: ErrorDetail) => CodedError,
): void {
  yaml().visit(doc, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string') return
      const source = node.value
      const wrong = (expected: string, actual: string, hint?: string): CodedError =>
        refuse(node, pathOf([...ancestors, node]), {
          expected,
          actual,
          ...(hint === undefined ? {} : { hint }),
        })
      const bare = /^\$([A-Z][A-Z0-9_]*)(?=$|[/\\])/.exec(source)?.[1]
      if (bare !== undefined && node.type !== 'QUOTE_SINGLE')
        throw wrong(`\`\${${bare}}\``, source, 'in single quotes it is the text itself')
      if (!source.includes(OPEN)) return
      if (key === 'key') throw wrong('variables in values, not in keys', unmarkVariables(source))
      const filled = source.replace(MARKED, (all) => {
        const [, name, fallback] = FORM.exec(all) ?? []
        if (name === undefined) throw wrong(FORMS, unmarkVariables(all))
        const value = variables(name) ?? fallback
        // Where it was pasted into the text, YAML took them away.
        if (node.type === 'PLAIN' && value === fallback && /^\s|\s$|^(["']).*\1$/.test(value ?? ''))
          throw wrong(
            'a default without quotes or blanks around it',
            unmarkVariables(all),
            'quote the whole value',
          )
        if (value === undefined) throw wrong(`the environment variable ${name}`, 'nothing', `set ${name}`)
        return value
      })
      node.value = node.type === 'PLAIN' && node.tag === undefined ? typed(doc, filled) : filled
    },
  })
}

/** As YAML types a plain value of this text. */
function typed(doc: Document.Parsed, text: string): unknown {
  for (const tag of doc.schema.tags) {
    if (tag.collection !== undefined || tag.default !== true || !tag.test?.test(text)) continue
    const value: unknown = tag.resolve(text, () => undefined, doc.options)
    return yaml().isScalar(value) ? value.value : value
  }
  return text
}

const pathOf = (nodes: readonly unknown[]): PropertyKey[] => {
  const { isPair, isScalar, isSeq } = yaml()
  return nodes.flatMap((node, i) => {
    const parent = nodes[i - 1]
    if (isPair(node)) return isScalar(node.key) ? unmarkVariables(String(node.key.value)) : []
    return isSeq(parent) ? parent.items.indexOf(node) : []
  })
}
