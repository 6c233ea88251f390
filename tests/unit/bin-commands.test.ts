import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../bin/commands/table.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'

describe('the table of commands', () => {
  it.each(COMMANDS)('names what $names brings, no more and no less', async ({ names, load }) => {
    const program = new Command()
    const add = await load()
    add(program, readEnvironment({}))
    expect(program.commands.map((c) => c.name())).toEqual(names)
  })

  it.each(COMMANDS)(
    'says of $names what --data and the options of a line are without being given',
    async ({ load }) => {
      const program = new Command()
      const add = await load()
      add(program, readEnvironment({}))
      const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)]
      for (const command of all(program))
        for (const { long, description, defaultValue } of command.options)
          if (['--data', '--port', '--host'].includes(long ?? ''))
            expect(String(defaultValue ?? description), `${command.name()} ${long}`).toMatch(
              /\(default: SIGHTLINE_(DATA_DIR|PORT|HOST), else .+\)$|^(\d{4}|127\.0\.0\.1)$/,
            )
    },
  )
})
