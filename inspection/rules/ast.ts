import type { ASTNode } from '@marcbachmann/cel-js'

export function isNode(value: unknown): value is ASTNode {
  return value !== null && typeof value === 'object' && 'op' in value && 'args' in value
}

/** Every node of an expression, from the outside in; macros as they are written. */
export function* nodesOf(value: unknown): Generator<ASTNode> {
  if (Array.isArray(value)) for (const item of value) yield* nodesOf(item)
  else if (isNode(value)) {
    yield value
    yield* nodesOf(value.args)
  }
}
