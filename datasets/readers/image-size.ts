import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { asCoded } from '../../contracts/index.ts'

/** Width and height from the image header, px. @throws INS_DECODE when the file is no image, CFG_MISSING_FILE when there is none */
export async function imageSize(file: string): Promise<{ widthPx: number; heightPx: number }> {
  try {
    const { width, height } = await sharp(file).metadata()
    return { widthPx: width, heightPx: height }
  } catch (error) {
    const missing = !existsSync(file)
    throw asCoded(error, missing ? 'CFG_MISSING_FILE' : 'INS_DECODE', {
      file,
      expected: 'an image whose size can be read',
    })
  }
}
