import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { decodeBmp, isBmp } from '../../contracts/index.ts'

/** An image file as sharp takes it; libvips reads no BMP. @throws what reading the file throws, INS_DECODE */
export const openImage = async (file: string): Promise<Sharp> => imageOf(await readFile(file))

export function imageOf(bytes: Buffer): Sharp {
  if (!isBmp(bytes)) return sharp(bytes)
  const { data, widthPx: width, heightPx: height, channels } = decodeBmp(bytes)
  return sharp(data, { raw: { width, height, channels } })
}
