import sharp from 'sharp'
import { asCoded } from '../../contracts/index.ts'

/** Width and height from the image header, px. @throws DAT_ANNOTATION when the file is no image */
export async function imageSize(file: string): Promise<{ widthPx: number; heightPx: number }> {
  try {
    const { width, height } = await sharp(file).metadata()
    return { widthPx: width, heightPx: height }
  } catch (error) {
    throw asCoded(error, 'DAT_ANNOTATION', { file, expected: 'an image whose size can be read' })
  }
}
