import type { ASTNode } from '@marcbachmann/cel-js'
import { CodedError, type ModelCard, type Recipe } from '../../contracts/index.ts'
import { isNode } from './ast.ts'
import { ruleEnvironment } from './environment.ts'
import { type Kind, knownNames } from './known-names.ts'
import { factPaths } from './trace-inputs.ts'

const REGISTRATION: ReadonlySet<string> = new Set(['registration'])
const KIND_OF_FIELD = new Map<string, Kind>([
  ['tool', 'tool'],
  ['class', 'class'],
  ['state', 'state'],
  ['rois', 'region'],
  ['symbology', 'symbology'],
])
const KIND_OF_KEY = new Map<string, Kind>([
  ['scores', 'score'],
  ['measurements', 'measurement'],
])

/** What bound variables of macros stand for. */
type Bound = ReadonlyMap<string, Kind | null>

/**
 * Refuses names in conditions that no fact can have: `f.class == "scrach"` is never met, and the part passes. So is a
 * registration where nothing registers, which reads as a perfect one.
 *
 * @param cards of the models, by id of the tool; of one that is not there classes and scores are not checked
 * @throws CFG_UNKNOWN_REFERENCE
 */
export function checkRuleNames(recipe: Recipe, cards: ReadonlyMap<string, ModelCard> = new Map()): void {
  const known = knownNames(recipe, cards)
  const environment = ruleEnvironment(recipe.calibration !== undefined)
  const registers = recipe.tools.some((t) => t.use === 'register@1')
  recipe.rules.forEach((rule, i) => {
    for (const part of ['when', 'condemns'] as const) {
      const text = rule[part]
      if (text === undefined) continue
      const { ast } = environment.parse(text)
      if (!registers && factPaths(ast, REGISTRATION).length > 0)
        throw new CodedError('CFG_UNKNOWN_REFERENCE', {
          path: `rules[${i}].${part}`,
          expected: 'a tool register@1, without which no part is registered',
          actual: `registration in rule "${rule.id}"`,
        })
      for (const { kind, name, not } of namesIn(ast, new Map())) {
        const { names, open, absent = [] } = known[kind]
        if (names.includes(name) || open.some((start) => name.startsWith(start))) continue
        if (not && (name === '' || absent.includes(name))) continue
        throw new CodedError('CFG_UNKNOWN_REFERENCE', {
          path: `rules[${i}].${part}`,
          expected: `a ${kind} that the recipe can give: ${names.join(', ') || 'none'}`,
          actual: `"${name}" in rule "${rule.id}"`,
        })
      }
    }
  })
}

/** Every name that a condition compares with a fact, looks for among facts, or takes as a key. */
function* namesIn(node: ASTNode, bound: Bound): Generator<{ kind: Kind; name: string; not: boolean }> {
  const key = keyOf(node, bound)
  if (key !== null) yield { ...key, not: false }
  if (node.op === '==' || node.op === '!=' || node.op === 'in') {
    const [left, right] = node.args
    for (const [fact, text] of [node.args, [right, left]] as const) {
      const kind = kindOf(fact, bound)
      if (kind !== null) for (const name of textsOf(text)) yield { kind, name, not: node.op === '!=' }
    }
  }
  const inner = boundBy(node, bound)
  for (const child of childrenOf(node.args)) yield* namesIn(child, inner)
}

/** Literals, also of a list and of both branches of a choice. */
function textsOf(node: ASTNode): string[] {
  if (node.op === 'value') return typeof node.args === 'string' ? [node.args] : []
  if (node.op === 'list') return node.args.flatMap(textsOf)
  return node.op === '?:' ? [node.args[1], node.args[2]].flatMap(textsOf) : []
}

/** What kind of name an expression gives, or the elements of the list that it gives. */
function kindOf(node: ASTNode, bound: Bound): Kind | null {
  switch (node.op) {
    case 'id':
      return bound.get(node.args) ?? (bound.has(node.args) ? null : (KIND_OF_KEY.get(node.args) ?? null))
    case '.':
    case '[]': {
      if (isMap(node.args[0], bound)) return null
      const field = fieldOf(node)
      return field === null ? kindOf(node.args[0], bound) : (KIND_OF_FIELD.get(field) ?? null)
    }
    case 'rcall': {
      const [method, receiver, args] = node.args
      const last = args.at(-1)
      if (method === 'filter') return kindOf(receiver, bound)
      return method === 'map' && last ? kindOf(last, boundBy(node, bound)) : null
    }
    case '?:':
      return kindOf(node.args[1], bound) ?? kindOf(node.args[2], bound)
    default:
      return null
  }
}

/** `scores["a.count"]`, `measurements.width` */
function keyOf(node: ASTNode, bound: Bound): { kind: Kind; name: string } | null {
  if (node.op !== '.' && node.op !== '[]') return null
  const name = fieldOf(node)
  const kind = isMap(node.args[0], bound) ? kindOf(node.args[0], bound) : null
  return name === null || kind === null ? null : { kind, name }
}

const isMap = (node: ASTNode, bound: Bound): boolean =>
  node.op === 'id' && KIND_OF_KEY.has(node.args) && !bound.has(node.args)

/** The name behind the dot or as a text in the brackets. */
function fieldOf(node: Extract<ASTNode, { op: '.' | '[]' }>): string | null {
  if (node.op === '.') return node.args[1]
  const [, at] = node.args
  return at.op === 'value' && typeof at.args === 'string' ? at.args : null
}

/** With the variable of a macro: an element of what it goes through, or what `cel.bind` gives a name. */
function boundBy(node: ASTNode, bound: Bound): Bound {
  if (node.op !== 'rcall') return bound
  const [method, receiver, [variable, value]] = node.args
  if (variable?.op !== 'id' || value === undefined) return bound
  return new Map(bound).set(variable.args, kindOf(method === 'bind' ? value : receiver, bound))
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return isNode(args) ? [args] : []
}
