import { monoMs } from '../../contracts/index.ts'
import type { RejectAck, RejectCommand, RejectOutput } from '../../contracts/index.ts'

export interface RecordingOutput extends RejectOutput {
  /** The last commands that were in time, oldest first. */
  commands(): readonly RejectCommand[]
  lines(): { ready: boolean; fault: boolean }
}

/** A gate that only remembers. Like a real one it refuses what comes after its deadline, and a second result for a part. */
export function recordingOutput(
  options: { keep?: number; onCommand?: (command: RejectCommand, ack: RejectAck) => void } = {},
): RecordingOutput {
  const keep = options.keep ?? 1_000
  const kept: RejectCommand[] = []
  const lines = { ready: false, fault: false }
  let connected = false
  let applied = 0
  let failed = 0
  let lastError: string | null = null

  const judge = (command: RejectCommand): RejectAck => {
    const atMs = monoMs()
    if (!connected) return { ok: false, code: 'CAM_IO', message: 'CAM_IO: the output is not open', atMs }
    if (kept.some((c) => c.trigger === command.trigger && c.station === command.station)) {
      const message = `CAM_HANDSHAKE: trigger ${command.trigger} has a result already`
      return { ok: false, code: 'CAM_HANDSHAKE', message, atMs }
    }
    if (atMs < command.deadlineMs) return { ok: true, atMs }
    const late = (atMs - command.deadlineMs).toFixed(1)
    const message = `INS_DEADLINE: the result of trigger ${command.trigger} came ${late} ms too late`
    return { ok: false, code: 'INS_DEADLINE', message, atMs }
  }

  return {
    adapter: 'recording',
    open: async () => void (connected = true),
    apply: async (command) => {
      const ack = judge(command)
      if (ack.ok) {
        applied += 1
        kept.push(command)
        if (kept.length > keep) kept.shift()
      } else {
        failed += 1
        lastError = ack.message
      }
      options.onCommand?.(command, ack)
      return ack
    },
    setReady: (ready) => void (lines.ready = ready),
    setFault: (fault) => void (lines.fault = fault),
    health: () => ({ connected, applied, failed, lastError }),
    close: async () => void (connected = false),
    commands: () => kept.slice(),
    lines: () => ({ ...lines }),
  }
}
