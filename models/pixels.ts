import { CodedError } from '../contracts/index.ts'

/** One image: HWC uint8, rows without padding; `data` may be a view of shared memory and is only read. */
export interface Pixels {
  data: Uint8Array
  widthPx: number
  heightPx: number
  channels: 1 | 3
  /** Channels of the frame or file that they are of, where it had others. */
  storedChannels?: 1 | 3
}

export const sizeText = (p: { widthPx: number; heightPx: number }): string =>
  `${p.widthPx} x ${p.heightPx} px`

/** @throws MDL_INPUT when the byte count does not match the size */
export function checkPixels(p: Pixels, name: string): void {
  const bytes = p.widthPx * p.heightPx * p.channels
  if (!Number.isInteger(bytes) || bytes <= 0 || p.data.length !== bytes)
    throw new CodedError('MDL_INPUT', {
      path: name,
      expected: `${bytes} bytes for ${sizeText(p)} with ${p.channels} channels`,
      actual: `${p.data.length} bytes`,
    })
}
