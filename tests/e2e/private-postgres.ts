import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Where distributions keep the programs of the server, newest first. */
const DIRS = [
  ...(process.env['PATH'] ?? '').split(':'),
  ...(existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql')
        .sort((a, b) => Number(b) - Number(a))
        .map((v) => `/usr/lib/postgresql/${v}/bin`)
    : []),
]
const program = (name: string): string | undefined =>
  DIRS.map((dir) => join(dir, name)).find((path) => existsSync(path))

/** The server refuses to run as root; it is the user of the package then. */
function serverUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export function postgresServerPresent(): boolean {
  if (program('initdb') === undefined || program('pg_ctl') === undefined) return false
  try {
    serverUser()
    return true
  } catch {
    return false
  }
}

/** A PostgreSQL cluster of this test alone that can be killed and started again on the same port and data. */
export class PrivatePostgres {
  readonly url: string
  readonly #port: number
  readonly #dir: string
  readonly #as: { uid?: number; gid?: number }

  private constructor(port: number, dir: string) {
    this.#port = port
    this.#dir = dir
    this.#as = serverUser() ?? {}
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`
  }

  /** @param parent folder in which it keeps its data */
  static async start(parent = tmpdir()): Promise<PrivatePostgres> {
    const cluster = new PrivatePostgres(await freePort(), mkdtempSync(join(parent, 'sightline-pg-')))
    const { uid, gid } = cluster.#as
    if (uid !== undefined && gid !== undefined) chownSync(cluster.#dir, uid, gid)
    cluster.#run('initdb', ['-D', cluster.#dir, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'])
    cluster.start()
    return cluster
  }

  start(): void {
    const options = `-p ${this.#port} -k ${this.#dir} -c listen_addresses=127.0.0.1`
    this.#run('pg_ctl', ['-D', this.#dir, '-w', '-l', join(this.#dir, 'log'), '-o', options, 'start'])
  }

  /** `immediate`: as a power cut of the server. */
  stop(mode: 'immediate' | 'fast' = 'immediate'): void {
    this.#run('pg_ctl', ['-D', this.#dir, '-w', '-m', mode, 'stop'])
  }

  dispose(): void {
    try {
      this.stop()
    } catch {
      // It is down already.
    }
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #run(name: string, args: string[]): void {
    execFileSync(program(name) ?? name, args, { ...this.#as, stdio: 'ignore', cwd: this.#dir })
  }
}
