import { Command, CommanderError } from 'commander'
import { asCoded, type CodedError, errorText } from '../contracts/index.ts'
import { outliveReaders } from './terminal/closed-output.ts'
import { COMMANDS } from './commands/table.ts'
import { readEnvironment } from './setup/environment.ts'
import { version } from './setup/paths.ts'
import { asksForChinese } from './terminal/language.ts'
import { usageError } from './terminal/usage-error.ts'

const program = new Command('sightline')
  .description('Inline machine-vision inspection: cameras to verdicts to a provable record of every part')
  .version(version)
  // Commands have a `--version` of their own, which is that of a model package.
  .enablePositionalOptions()
  .configureOutput({ outputError: () => undefined })
  .exitOverride()

const told = (error: CodedError): string =>
  asksForChinese(process.argv.slice(2)) ? errorText(error).zh : error.message

outliveReaders()
try {
  const environment = readEnvironment(process.env)
  // Help, and what to say to a name that is none, need all of them.
  const asked = COMMANDS.filter(({ names }) => names.includes(process.argv[2] ?? ''))
  for (const { load } of asked.length > 0 ? asked : COMMANDS) (await load())(program, environment)
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version that were asked for have been shown.
    if (error.exitCode === 0) process.exit(0)
    const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
    const names = COMMANDS.flatMap((command) => command.names)
    process.stderr.write(`${told(usageError(error, words, names))}\n`)
    process.exit(2)
  }
  const coded = asCoded(error, 'API_INTERNAL')
  process.stderr.write(`${told(coded)}\n`)
  if (coded.code === 'API_INTERNAL' && coded.cause instanceof Error)
    process.stderr.write(`${coded.cause.stack}\n`)
  // A rule that does not compile is a fault of the configuration, like every CFG_ code.
  process.exitCode = coded.code.startsWith('CFG_') || coded.code === 'INS_RULE_INVALID' ? 2 : 1
}
