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
})
