import { join } from 'node:path'
import type { Command } from 'commander'
import type { Environment } from '../setup/environment.ts'
import { whole } from '../terminal/options.ts'
import { paths } from '../setup/paths.ts'
import { supervise } from '../setup/supervise.ts'
import type { ServeOptions } from './run-line.ts'

export function addServe(program: Command, environment: Environment): void {
  const options = (command: Command): Command =>
    command
      .option(
        '--data <dir>',
        'data directory (default: SIGHTLINE_DATA_DIR, else `data.dir` of the line file, else .sightline)',
      )
      .option(
        '--port <n>',
        'port of the dashboard (default: SIGHTLINE_PORT, else that of the line file, else 8414)',
        whole(0, 65_535),
      )
      .option(
        '--host <address>',
        'address of the dashboard (default: SIGHTLINE_HOST, else that of the line file, else 127.0.0.1)',
      )
      .option(
        '--workers <n>',
        'inspection workers, 0 = one per core (default: SIGHTLINE_WORKERS, else as the line file says, else 0)',
        whole(0, 256),
      )
      .option('--once', 'end when every source has ended')
      .option('--no-supervisor', 'run in this process, without restarts')
      .addOption(command.createOption('--supervised').hideHelp())

  options(program.command('serve <line>').description('run a line: a name in lines/ or a line file')).action(
    (line: string, o: ServeOptions) => serve(line, o, environment),
  )
  options(program.command('demo').description('run the sample line')).action((o: ServeOptions) =>
    serve(join(paths.lines, 'sample.line.yaml'), o, environment),
  )
}

/** What a line needs is loaded by the process that runs it; a wrong line file is said there, too. */
async function serve(line: string, o: ServeOptions, environment: Environment): Promise<void> {
  if (o.supervisor && !o.supervised) {
    process.exitCode = await supervise(['--supervised'])
    return
  }
  const { runLine } = await import('./run-line.ts')
  await runLine(line, o, environment)
}
