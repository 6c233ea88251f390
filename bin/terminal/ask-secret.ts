import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { CodedError } from '../../contracts/index.ts'

/**
 * A secret: typed twice without being shown where somebody sits at a terminal, else the first line of standard input.
 *
 * @throws CFG_USAGE when there is none, or the two differ
 */
export async function askSecret(what: string): Promise<string> {
  const first = await oneLine(`${what}: `)
  if (process.stdin.isTTY && (await oneLine(`${what}, again: `)) !== first)
    throw new CodedError('CFG_USAGE', { expected: `the same ${what} twice`, actual: 'two different ones' })
  return first
}

function oneLine(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  const terminal = stdin.isTTY
  if (terminal) stderr.write(prompt)
  // What is typed is not echoed.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal })
  return new Promise((resolve, reject) => {
    let answer: string | null = null
    lines.once('line', (line) => {
      // Some shells begin what they pipe with a byte order mark.
      answer = line.replace(/^\uFEFF/, '')
      lines.close()
    })
    lines.once('SIGINT', () => lines.close())
    lines.once('close', () => {
      if (terminal) stderr.write('\n')
      if (answer !== null) resolve(answer)
      else reject(new CodedError('CFG_USAGE', { expected: 'a line on standard input', actual: 'nothing' }))
    })
  })
}
