import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { decodePlain, isPlain } from '../../contracts/index.ts'

/**
 * An image file as sharp takes it; libvips reads no BMP, PGM and PPM. Values are taken as they are written, as a line takes
 * them: by the profile of a screen, 1 and 2 of a mask would become 0. @throws what reading the file throws, INS_DECODE
 */
export const openImage = async (file: string): Promise<Sharp> => imageOf(await readFile(file))

export function imageOf(bytes: Buffer, page = 0): Sharp {
  if (!isPlain(bytes)) return sharp(bytes, { ignoreIcc: true, page })
  const { data, widthPx: width, heightPx: height, channels } = decodePlain(bytes)
  return sharp(data, { raw: { width, height, channels } })
}
