import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { decodePlain, isPlain } from '../../contracts/index.ts'

/** An image file as sharp takes it; libvips reads no BMP, PGM and PPM. @throws what reading the file throws, INS_DECODE */
export const openImage = async (file: string): Promise<Sharp> => imageOf(await readFile(file))

export function imageOf(bytes: Buffer): Sharp {
  if (!isPlain(bytes)) return sharp(bytes)
  const { data, widthPx: width, heightPx: height, channels } = decodePlain(bytes)
  return sharp(data, { raw: { width, height, channels } })
}
