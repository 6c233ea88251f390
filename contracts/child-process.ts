import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { builtEntry } from './built-entry.ts'

/** A killed process that the kernel does not let go, as one that waits for a disk, is not waited for longer, ms. */
const KILL_LIMIT_MS = 5_000

/**
 * What ends a process in order: Ctrl-C, who stops the machine or a container, and a terminal that was closed. Node takes
 * none of them for ignored because who started it ignores it (`nohup`): without a listener each ends it at once.
 */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const alive = new Set<ChildProcess>()
let guarded = false

/**
 * Starts a process of its own from a source or a built file: `spawnProcess(new URL('./x.process.ts', import.meta.url),
 * data)`, for work that may have to be stopped while it is in native code, where no thread can be ended. It gets `data`
 * from `parentProcess`, messages are structured clones, and it ends with this process. End it by `killProcess`; so it
 * may read, and write only what may be half written.
 */
export function spawnProcess(entry: URL, data: unknown): ChildProcess {
  if (!guarded) process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')))
  guarded = true
  const built = builtEntry(entry)
  const tsx = new URL('../node_modules/tsx/dist/esm/index.mjs', import.meta.url).href
  const child = fork(fileURLToPath(built ?? entry), {
    serialization: 'advanced',
    execArgv: built !== null ? [] : ['--import', tsx],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  tellProcess(child, data)
  return child
}

/** One that has ended hears nothing; its `exit` says so. */
export function tellProcess(child: ChildProcess, message: unknown): void {
  if (child.connected) child.send(message as object, () => undefined)
}

/** At once, whatever it does. */
export async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !alive.has(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  let timer: NodeJS.Timeout | undefined
  await Promise.race([exited, new Promise((resolve) => (timer = setTimeout(resolve, KILL_LIMIT_MS)))])
  clearTimeout(timer)
}

/** In a process that `spawnProcess` started: its data. It ends with its parent, and only then or when it is killed. */
export async function parentProcess<Data>(): Promise<{ data: Data; say(message: unknown): void }> {
  // A key pressed in the terminal, its end and a service that is stopped tell the whole group; the parent decides.
  for (const signal of STOP_SIGNALS) process.on(signal, () => undefined)
  process.once('disconnect', () => process.exit())
  const [data] = (await once(process, 'message')) as [Data]
  return { data, say: (message) => void process.send?.(message as object) }
}
