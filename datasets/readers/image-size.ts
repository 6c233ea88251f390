import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import sharp from 'sharp'
import { asCoded, isPlain, plainHeader } from '../../contracts/index.ts'

/** Width and height from the image header, px. @throws INS_DECODE when the file is no image, CFG_MISSING_FILE when there is none */
export async function imageSize(file: string): Promise<{ widthPx: number; heightPx: number }> {
  const { widthPx, heightPx } = await imageHeader(file)
  return { widthPx, heightPx }
}

/**
 * The size as it is stored; `turned` when EXIF says to show it turned or mirrored, which nothing here does.
 *
 * @throws as `imageSize`
 */
export async function imageHeader(
  file: string,
): Promise<{ widthPx: number; heightPx: number; turned: boolean }> {
  try {
    const start = await beginningOf(file)
    if (isPlain(start)) return { ...plainHeader(start), turned: false }
    const { width, height, orientation = 1 } = await sharp(file).metadata()
    return { widthPx: width, heightPx: height, turned: orientation !== 1 }
  } catch (error) {
    const missing = !existsSync(file)
    throw asCoded(error, missing ? 'CFG_MISSING_FILE' : 'INS_DECODE', {
      file,
      expected: 'an image whose size can be read',
    })
  }
}

/** As many bytes of a file as the header of an uncompressed image has, comments and all. */
async function beginningOf(file: string): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const bytes = new Uint8Array(4_096)
    const { bytesRead } = await handle.read(bytes)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
