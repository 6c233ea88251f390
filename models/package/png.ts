import sharp from 'sharp'
import { asCoded, CodedError } from '../../contracts/index.ts'
import { sizeText } from '../pixels.ts'
import type { Pixels } from '../pixels.ts'

export const toPng = (image: Pixels): Promise<Buffer> =>
  sharp(image.data, { raw: { width: image.widthPx, height: image.heightPx, channels: image.channels } })
    .toColourspace(image.channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer()

/**
 * Exact pixels of an 8-bit PNG, as they are written: profiles of screens are not looked at, as no line and no library does.
 *
 * @throws MDL_PACKAGE when it cannot be read or has other channels than 1 or 3
 */
export async function fromPng(bytes: Uint8Array, file: string): Promise<Pixels> {
  try {
    const { channels } = await sharp(bytes).metadata()
    const { data, info } = await sharp(bytes, { ignoreIcc: true })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== 1 && info.channels !== 3)
      throw new CodedError('MDL_PACKAGE', {
        file,
        expected: 'a grey or RGB image',
        actual: `${sizeText({ widthPx: info.width, heightPx: info.height })} with ${info.channels} channels`,
      })
    return {
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      widthPx: info.width,
      heightPx: info.height,
      channels: info.channels,
    }
  } catch (error) {
    throw asCoded(error, 'MDL_PACKAGE', { file })
  }
}
