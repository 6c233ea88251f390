import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { lineFile, loadLine, type Overrides } from '../line/config.ts'
import type { Environment } from '../setup/environment.ts'
import { startLine } from '../line.ts'
import { log } from '../setup/log.ts'
import { onStop } from '../setup/on-stop.ts'
import { whole } from '../terminal/options.ts'
import { checkPorts } from '../setup/free-ports.ts'
import { paths } from '../setup/paths.ts'
import { reportStarted, reportStopping, supervise } from '../setup/supervise.ts'

interface ServeOptions {
  data?: string
  port?: number
  host?: string
  workers?: number
  once?: boolean
  supervisor: boolean
  supervised?: boolean
}

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
    (line: string, o: ServeOptions) => serve(lineFile(line), o, environment),
  )
  options(program.command('demo').description('run the sample line')).action((o: ServeOptions) =>
    serve(join(paths.lines, 'sample.line.yaml'), o, environment),
  )
}

async function serve(file: string, o: ServeOptions, environment: Environment): Promise<void> {
  const flags: Overrides = { dataDir: o.data, port: o.port, host: o.host, workers: o.workers }
  if (o.supervisor && !o.supervised) {
    await checkPorts((await loadLine(file, environment, flags, process.env)).spec)
    process.exitCode = await supervise(['--supervised'])
    return
  }
  const config = await loadLine(file, environment, flags, process.env)
  await checkPorts(config.spec)
  if (!existsSync(join(paths.web, 'index.html')))
    log.warn({ expected: paths.web }, 'the pages are not built: run `npm run build`')
  const line = await startLine(config, environment)
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    reportStopping()
    line.stop().then(
      (owed) => process.exit(owed === 0 ? 0 : 1),
      (error: unknown) => {
        log.error({ error: String(error) }, 'the line did not stop cleanly')
        process.exit(1)
      },
    )
  }
  onStop(stop)
  reportStarted(stop)
  // Last: whoever reads this line may stop the line at once.
  process.stdout.write(
    `${JSON.stringify({ line: config.spec.line, url: line.url, data: config.dataDir, pid: process.pid })}\n`,
  )
  if (o.once) {
    await line.ended
    stop()
  }
}
