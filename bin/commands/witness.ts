import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { asCoded } from '../../contracts/index.ts'
import { NOTE_TYPE, openKey, parseVerifierKey, serveWitness, Witness } from '../../traceability/index.ts'
import { lockDataDir } from '../setup/data-dir-lock.ts'
import { log } from '../setup/log.ts'
import { onStop } from '../setup/on-stop.ts'
import { whole } from '../terminal/options.ts'

interface Options {
  name: string
  dir: string
  log?: string[]
  logs?: string
  host: string
  port: number
}

export function addWitness(program: Command): void {
  program
    .command('witness')
    .description('cosign the checkpoints of lines, on another machine than theirs (c2sp.org/tlog-witness)')
    .requiredOption('--name <name>', 'name of this witness, a URL without scheme')
    .option('--dir <dir>', 'key and state', '.sightline-witness')
    .option('--log <vkey...>', 'public keys of the logs to cosign (log/key.pub of their data directories)')
    .option('--logs <file>', 'a file of such keys, one a line')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on', whole(0, 65_535), 8415)
    .action(async (o: Options) => {
      const dir = resolve(o.dir)
      const { logs: listed = '' } = o
      const file = listed === '' ? '' : await readFile(listed, 'utf8').catch(unread(listed))
      const lines = file.split('\n').map((line) => line.trim())
      const logs = [...(o.log ?? []), ...lines.filter((l) => l !== '' && !l.startsWith('#'))].map(
        parseVerifierKey,
      )
      // The first start makes the key, which the line file needs before there is a log to name here.
      if (logs.length === 0)
        log.warn({ expected: '--log or --logs' }, 'no log is known yet: nothing will be cosigned')
      const unlock = lockDataDir(dir)
      const signer = openKey(join(dir, 'witness.pem'), o.name, NOTE_TYPE.cosignature)
      const server = await serveWitness(new Witness({ signer, stateDir: join(dir, 'state'), logs }), {
        host: o.host,
        port: o.port,
        onRefusal: (status, reason) => log.warn({ status, reason }, 'not cosigned'),
      })
      onStop(() => {
        void server.close().then(() => {
          unlock()
          process.exit(0)
        })
      })
      process.stdout.write(
        `${JSON.stringify({ witness: o.name, url: server.url, key: signer.key.vkey, logs: logs.map((l) => l.name), pid: process.pid })}\n`,
      )
    })
}

const unread =
  (file: string) =>
  (error: unknown): never => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file, expected: 'a file of public keys, one a line' })
  }
