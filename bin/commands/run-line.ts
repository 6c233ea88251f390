import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lineFile, loadLine, type Overrides } from '../line/config.ts'
import type { Environment } from '../setup/environment.ts'
import { startLine } from '../line.ts'
import { log } from '../setup/log.ts'
import { onStop } from '../setup/on-stop.ts'
import { checkPorts } from '../setup/free-ports.ts'
import { paths } from '../setup/paths.ts'
import { reportStarted, reportStopping } from '../setup/supervise.ts'

export interface ServeOptions {
  data?: string
  port?: number
  host?: string
  workers?: number
  once?: boolean
  supervisor: boolean
  supervised?: boolean
}

/** Runs a line in this process until it is stopped. @param named a name in `lines/` or a line file */
export async function runLine(named: string, o: ServeOptions, environment: Environment): Promise<void> {
  const flags: Overrides = { dataDir: o.data, port: o.port, host: o.host, workers: o.workers }
  const config = await loadLine(lineFile(named), environment, flags, process.env)
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
