import type { CommanderError } from 'commander'
import { CodedError, type ErrorDetail } from '../../contracts/index.ts'

/** What the parser says, with the parts that say expected and found. */
const SAYINGS: [RegExp, (...parts: string[]) => ErrorDetail][] = [
  [
    /^(?:option|command-argument value) '(.*?)'(?: argument '(.*)' is invalid\.| is invalid(?: for argument '.*')?\.) (.*)$/s,
    (path = '', actual = '', why = '') => ({
      path,
      expected: why.replace(/^expected /, '').replace(/^Allowed choices are (.*)\.$/, 'one of $1'),
      actual,
    }),
  ],
  [/^option '(.*)' argument missing$/, (path = '') => ({ path, expected: 'a value', actual: 'none' })],
  [/^required option '(.*)' not specified$/, (option = '') => ({ expected: option, actual: 'none' })],
  [
    /^missing required argument '(.*)'$/,
    (argument = '') => ({ expected: `the argument <${argument}>`, actual: 'none' }),
  ],
  [
    /^unknown (command|option) '(.*)'(?:\s+\(Did you mean (.*)\?\))?$/s,
    (kind = '', name = '', near) => ({
      expected: near ?? `a known ${kind}`,
      actual: `unknown ${kind} '${name}'`,
    }),
  ],
  [
    /^too many arguments(?: for '.*')?\. Expected (.*) but got (.*)\.$/,
    (expected = '', actual = '') => ({ expected, actual }),
  ],
]

/** A wrong command line as every other error is said. @param words of the command line that are no options */
export function usageError(
  error: CommanderError,
  words: readonly string[],
  commands: readonly string[],
): CodedError {
  const [first] = words
  const of = first !== undefined && commands.includes(first) ? `${first} ` : ''
  const hint = `\`sightline ${of}--help\` says what there is`
  if (error.code === 'commander.help')
    return new CodedError('CFG_USAGE', {
      expected:
        of === '' ? 'one of the commands above' : `one of the commands of \`sightline ${first}\` above`,
      actual: words.length === 0 ? 'none' : words.join(' '),
    })
  const said = error.message.replace(/^error: /, '').trim()
  for (const [pattern, detail] of SAYINGS) {
    const match = pattern.exec(said)
    if (match) return new CodedError('CFG_USAGE', { ...detail(...match.slice(1)), hint })
  }
  return new CodedError('CFG_USAGE', { actual: said, hint })
}
