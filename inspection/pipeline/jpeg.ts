import createCodec from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'
import { CodedError } from '../../contracts/index.ts'
import type { Pixels } from '../../models/index.ts'
import { freshPixels, type TakePixels } from './frame-memory.ts'

type Codec = Awaited<ReturnType<typeof createCodec>>
type Decoder = InstanceType<Codec['JPEGDecoder']>

let opened: Promise<Decoder> | null = null

/**
 * Decodes a baseline or progressive JPEG of 8 bits, grey or YCbCr, on this thread. The pixels are those of libjpeg's
 * accurate integer transform, bit for bit what sharp gives; but a warning of the decoder (a damaged scan) is an error,
 * where libvips passes on what is left of the picture.
 *
 * @returns grey or RGB, in memory that was taken
 * @throws INS_DECODE
 */
export async function decodeJpeg(bytes: Uint8Array, take: TakePixels = freshPixels): Promise<Pixels> {
  const decoder = await (opened ??= createCodec().then((codec) => new codec.JPEGDecoder()))
  try {
    decoder.getEncodedBuffer(bytes.byteLength).set(bytes)
    decoder.decode()
  } catch (error) {
    // The codec throws the address of a C++ exception; anything else has left its memory in an unknown state.
    if (typeof error !== 'number') opened = null
    throw new CodedError('INS_DECODE', {
      expected: 'a complete image',
      actual: 'JPEG data that libjpeg-turbo finds damaged',
      hint: 'check the connection to the camera',
    })
  }
  const { width: widthPx, height: heightPx, componentCount } = decoder.getFrameInfo()
  const channels = componentCount === 1 ? 1 : 3
  const inCodec = decoder.getDecodedBuffer()
  const data = take(inCodec.length)
  data.set(inCodec)
  return { data, widthPx, heightPx, channels }
}
