import type { ASTNode, Environment } from '@marcbachmann/cel-js'
import { CodedError } from '../../contracts/index.ts'

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/'])

/** Whether a double can become NaN or infinite here: by IEEE 754, or because double("NaN") is one. */
export const canLeaveNumbers = ({ op, args }: ASTNode): boolean =>
  ARITHMETIC.has(op) || (op === 'call' && args[0] === 'double')

/**
 * An environment in which `finite(x)` is x, or an error where x is NaN, infinite or no moment: the library's operators
 * cannot be replaced. The limits are wider, because what `finiteText` writes is longer and deeper than what it is given.
 */
export const finiteEnvironment = (environment: Environment, rule: string): Environment =>
  environment
    .clone({ limits: { maxAstNodes: 4_000, maxDepth: 4_000 } })
    .registerFunction('finite(A): A', (value: unknown) => {
      const number = value instanceof Date ? value.getTime() : value
      if (typeof number !== 'number' || Number.isFinite(number)) return value
      throw new CodedError('INS_RULE', {
        expected: 'a finite number',
        actual: `${number}, as a division by 0 gives it`,
        hint: `rule "${rule}"`,
      })
    })

/**
 * The expression with `finite()` around all that can make a double NaN or infinite: no condition then compares one,
 * which would be false and look like a part without defects. All else is as written; the library's own `serialize`
 * rounds numbers and drops the brackets of a - (b - c).
 */
export function finiteText(node: ASTNode): string {
  switch (node.op) {
    case 'value':
      return node.input.slice(node.start, node.end)
    case 'id':
      return node.args
    case '.':
      return `(${finiteText(node.args[0])}).${node.args[1]}`
    case '[]':
      return `(${finiteText(node.args[0])})[${finiteText(node.args[1])}]`
    case 'call': {
      const call = `${node.args[0]}(${list(node.args[1])})`
      return canLeaveNumbers(node) ? `finite(${call})` : call
    }
    case 'rcall': {
      const [name, receiver, args] = node.args
      return `(${finiteText(receiver)}).${name}(${list(args)})`
    }
    case 'list':
      return `[${list(node.args)}]`
    case 'map':
      return `{${node.args.map(([k, v]) => `${finiteText(k)}: ${finiteText(v)}`).join(', ')}}`
    case '?:': {
      const [condition, yes, no] = node.args
      return `(${finiteText(condition)} ? ${finiteText(yes)} : ${finiteText(no)})`
    }
    case '!_':
    case '-_':
      return `(${node.op.charAt(0)}${finiteText(node.args)})`
    case '.?':
    case '[?]':
      throw new CodedError('INS_RULE_INVALID', { actual: `${node.op}, of optional types` })
    default: {
      const [left, right] = node.args
      const infix = `(${finiteText(left)} ${node.op} ${finiteText(right)})`
      return canLeaveNumbers(node) ? `finite${infix}` : infix
    }
  }
}

const list = (nodes: readonly ASTNode[]): string => nodes.map(finiteText).join(', ')
