import {
  type ArrivedPart,
  type CameraItem,
  CodedError,
  type Frame,
  type FrameSource,
  type JobPixels,
  monoMs,
  type PartContext,
  type RejectOutput,
  timeLimit,
  wallMs,
} from '../../contracts/index.ts'
import type { StationPorts } from './station-ports.ts'

export type Missed = Extract<CameraItem, { kind: 'missed' }>

/** A number the trigger counter passed without a frame. */
export const lostTrigger = (trigger: number): Missed => ({
  kind: 'missed',
  trigger,
  triggeredAtMs: monoMs(),
  reason: 'camera-gone',
  code: 'CAM_GAP',
  message: new CodedError('CAM_GAP', { actual: `no frame for trigger ${trigger}` }).message,
})

/** A part without a frame, as the association of reads sees it: of a number that was skipped nobody knows when it went by. */
export const unframed = ({ trigger, triggeredAtMs, code }: Missed): Omit<ArrivedPart, 'attempt'> => ({
  trigger,
  triggeredAtMs,
  encoder: null,
  ...(code === 'CAM_GAP' && { unseen: true }),
})

/** Shift and operator of a part are those of its trigger, however late it is judged. */
export const contextAt = (
  context: PartContext,
  { shifts, operator }: Pick<StationPorts, 'shifts' | 'operator'>,
  triggeredAtMs: number,
): PartContext => {
  const who = operator?.()
  return {
    ...context,
    ...(shifts && { shift: shifts.at(wallMs(triggeredAtMs)).name }),
    ...(who !== undefined && { operator: who }),
  }
}

/** Where the bytes of a frame and of its reference lie in the pool. */
export function slotPixels({ slot, meta, reference }: Frame): JobPixels {
  const base = { in: 'slot' as const, slot, byteLength: meta.byteLength }
  if (!reference) return base
  const { byteOffset, byteLength } = reference.bytes
  return { ...base, reference: { byteOffset, byteLength, format: reference.format } }
}

/** Tells a source what the PLC of its gate counts, until the returned function is called. */
export function followCount(output: RejectOutput, source: FrameSource): () => void {
  const counted = source.trigger ?? source.counted
  const ends = [
    counted && output.onTrigger?.((n, anew) => counted(n, anew)),
    output.onLost?.((lost) => source.lost?.(lost)),
  ]
  return () => ends.forEach((end) => end?.())
}

/** Waits for all of them, at most so long. */
export async function allWithin(work: Iterable<Promise<void>>, ms: number): Promise<void> {
  const limit = timeLimit(ms)
  await Promise.race([
    Promise.all(work),
    new Promise((resolve) => limit.signal.addEventListener('abort', resolve)),
  ])
  limit.clear()
}
