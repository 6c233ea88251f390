import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const root = resolve(import.meta.dirname, '../..')

/** The command as users run it; `built.ts` has made it of the sources as they are. */
export const CLI = resolve(root, 'dist/bin/cli.js')

export interface CliProcess {
  child: ChildProcess
  /** First line of standard output, parsed. */
  ready: Record<string, unknown>
  stderr(): string
  exit: Promise<number | null>
}

/** Runs `sightline …` until it prints its first line. Rejects with its errors when it ends before. */
export async function startCli(args: string[], env: Record<string, string> = {}): Promise<CliProcess> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([once(lines, 'line').then(([line]) => line as string), exit])
  if (typeof first !== 'string') throw new Error(`ended with ${first} before it was ready:\n${stderr}`)
  return { child, ready: JSON.parse(first) as Record<string, unknown>, stderr: () => stderr, exit }
}

/** Runs a command to its end. */
export async function runCli(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

export async function stopped(p: CliProcess): Promise<number | null> {
  p.child.kill('SIGTERM')
  return p.exit
}
