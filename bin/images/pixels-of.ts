import { readFile } from 'node:fs/promises'
import { asCoded, inFile } from '../../contracts/index.ts'
import { imageSize } from '../../datasets/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import type { Pixels } from '../../models/index.ts'

/** An image of a data set. @throws INS_*, CFG_MISSING_FILE with the file */
export async function pixelsOf(file: string, color: 'mono' | 'rgb' = 'rgb'): Promise<Pixels> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file })
  })
  const size = await imageSize(file)
  return decodeFrame(bytes, { kind: 'encoded', mime: '' }, { ...size, color }).catch(
    inFile(file, 'INS_DECODE'),
  )
}
