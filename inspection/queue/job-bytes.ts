import type { FrameFormat, InspectJob } from '../../contracts/index.ts'

/** The frame's and the reference's bytes of a job, as views: of the slot, or of the message. */
export function jobBytes(
  job: InspectJob,
  buffers: readonly SharedArrayBuffer[],
): { frame: Uint8Array; reference: { bytes: Uint8Array; format: FrameFormat } | null } {
  const { pixels } = job
  if (pixels.in === 'message') return { frame: pixels.bytes, reference: pixels.reference ?? null }
  const buffer = buffers[pixels.slot]
  if (!buffer) throw new RangeError(`slot ${pixels.slot} of ${buffers.length}`)
  const r = pixels.reference
  return {
    frame: new Uint8Array(buffer, 0, pixels.byteLength),
    reference: r ? { bytes: new Uint8Array(buffer, r.byteOffset, r.byteLength), format: r.format } : null,
  }
}
