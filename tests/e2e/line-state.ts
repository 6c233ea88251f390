import type { CliProcess } from './line-process.ts'

/** The part of `/api/line` the tests look at. */
export interface SeenState {
  run: string
  store: { state: string; captured: number; lastError: string | null }
  stations: {
    id: string
    camera: { state: string; frames: number; missed: number; restarts: number; lastError: string | null }
    reject: { connected: boolean; lastError: string | null }
  }[]
  alarms: { station: string; alarm: string; code: string; message: unknown }[]
  degraded: { id: string }[]
}

/** Asks the dashboard of a line that runs. */
export async function asked<T>(line: CliProcess, path: string): Promise<T> {
  const answer = await fetch(`${String(line.ready['url'])}${path}`)
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

export const lineState = async (line: CliProcess): Promise<SeenState> =>
  (await asked<{ state: SeenState }>(line, '/api/line')).state
