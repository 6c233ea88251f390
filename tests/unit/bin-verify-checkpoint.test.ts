import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, it } from 'vitest'
import { COMMANDS } from '../../bin/commands/table.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { capture, signNow, temporary } from './samples/signed-log.ts'

it.each(['', '\n', 'no checkpoint\n'])('verify takes no file with %j for a kept checkpoint', async (text) => {
  const data = temporary()
  try {
    await capture(data.dir, 1, 2)
    await signNow(data.dir)
    const file = join(data.dir, '..', 'kept')
    writeFileSync(file, text)
    const program = new Command()
    const add = await COMMANDS.find((c) => c.names.includes('verify'))?.load()
    add?.(program, readEnvironment({}))
    await expect(
      program.parseAsync(['verify', data.dir, '--checkpoint', file], { from: 'user' }),
    ).rejects.toMatchObject({ code: 'TRC_NOTE' })
  } finally {
    data.dispose()
  }
})
