import { CodedError, type FrameFormat } from '../../contracts/index.ts'
import { judgedBytes } from '../store/image-files.ts'
import type { CaptureRecord } from '../store/record-codec.ts'

/** What the pipeline saw at the time: the same bytes in the same form. */
export interface ReplayFrame {
  bytes: Uint8Array
  format: FrameFormat
  reference?: { bytes: Uint8Array; format: FrameFormat }
}

/**
 * The frame of a record, and the golden template that came with it, out of the image store.
 *
 * @param image reads a stored image, checked against its hash. @throws TRC_IMAGE
 * @throws TRC_IMAGE when the record has no frame, or retention has deleted it
 */
export async function replayFrame(
  record: CaptureRecord,
  frameSha256: string | null,
  image: (sha256: string) => Promise<{ bytes: Uint8Array }>,
): Promise<ReplayFrame> {
  const { meta, golden } = record
  if (meta === null || frameSha256 === null)
    throw new CodedError('TRC_IMAGE', {
      path: record.inspectionId,
      expected: 'a record with a frame',
      actual: record.outcome.verdict.noVerdict?.message ?? 'none',
    })
  const { bytes } = await image(frameSha256)
  const frame = { bytes: judgedBytes(bytes, meta.byteLength), format: meta.format }
  if (golden === undefined) return frame
  const reference = judgedBytes((await image(golden.sha256)).bytes, golden.byteLength)
  return { ...frame, reference: { bytes: reference, format: golden.format } }
}
