import { createFramePool, replaySource } from '../../../camera/index.ts'
import type { FrameFormat } from '../../../contracts/index.ts'
import { decodeImage } from '../../../inspection/index.ts'

/** Format and bytes of each frame that the replay of a file gives. */
export async function replayed(
  from: string,
  raw: boolean,
  slotBytes: number,
): Promise<{ format: FrameFormat; bytes: number[] }[]> {
  const source = replaySource({
    station: 's',
    view: '',
    pool: createFramePool({ slots: 1, slotBytes }),
    firstTrigger: 1,
    rate: 'max',
    loop: false,
    decode: raw ? decodeImage : null,
    backPressure: 'wait',
    from,
  })
  await source.open()
  const frames: { format: FrameFormat; bytes: number[] }[] = []
  for await (const item of source.items(new AbortController().signal)) {
    if (item.kind === 'end') continue
    if (item.kind !== 'frame') throw new Error(item.kind)
    frames.push({ format: item.frame.meta.format, bytes: [...item.frame.bytes] })
    item.frame.release()
  }
  return frames
}
