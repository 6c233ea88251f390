import { type CameraItem, CodedError, type Frame, type JobPixels, monoMs } from '../../contracts/index.ts'

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

/** Where the bytes of a frame and of its reference lie in the pool. */
export function slotPixels({ slot, meta, reference }: Frame): JobPixels {
  const base = { in: 'slot' as const, slot, byteLength: meta.byteLength }
  if (!reference) return base
  const { byteOffset, byteLength } = reference.bytes
  return { ...base, reference: { byteOffset, byteLength, format: reference.format } }
}
