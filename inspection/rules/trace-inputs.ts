import type { ASTNode } from '@marcbachmann/cel-js'
import { isNode } from './ast.ts'

/** How a condition reaches into the facts: `scores["a.b"]` is ['scores', 'a.b']; a list stands for itself. */
type FactPath = string[]

/** The fact paths an expression refers to, in order of appearance; names bound by macros are left out. */
export function factPaths(ast: ASTNode, roots: ReadonlySet<string>): FactPath[] {
  const found: FactPath[] = []
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit)
    if (!isNode(node)) return
    const path = pathOf(node, roots)
    if (path) found.push(path)
    else visit(node.args)
  }
  visit(ast)
  const seen = new Set<string>()
  return found.filter((p) => {
    const key = JSON.stringify(p)
    return seen.has(key) ? false : (seen.add(key), true)
  })
}

/** Values of the paths, by printed path; lists are given by their size, the items stand in the verdict itself. */
export function readInputs(paths: readonly FactPath[], variables: object): Record<string, unknown> {
  const inputs: Record<string, unknown> = {}
  for (const path of paths) {
    let value: unknown = variables
    for (const key of path)
      value =
        value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined
    const name = path.join('.')
    if (Array.isArray(value)) inputs[`${name}.size()`] = value.length
    else inputs[name] = value === undefined ? null : value
  }
  return inputs
}

function pathOf(node: ASTNode, roots: ReadonlySet<string>): FactPath | null {
  if (node.op === 'id') return roots.has(node.args) ? [node.args] : null
  if (node.op === '.') {
    const base = pathOf(node.args[0], roots)
    return base && [...base, node.args[1]]
  }
  if (node.op === '[]') {
    const base = pathOf(node.args[0], roots)
    const key = node.args[1]
    return base && key.op === 'value' && typeof key.args === 'string' ? [...base, key.args] : null
  }
  return null
}
