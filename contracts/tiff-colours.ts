/** PhotometricInterpretation of TIFF 6.0, of its supplements and of DNG: what is neither grey, RGB nor of a palette. */
const OTHERS: Record<number, string> = {
  4: 'a transparency mask',
  5: 'CMYK',
  8: 'CIELab',
  9: 'ICCLab',
  10: 'ITULab',
  32803: 'a colour filter array',
  32844: 'LogL',
  32845: 'LogLuv',
  34892: 'linear raw',
}
const [PHOTOMETRIC, COMPRESSION, SUBSAMPLING] = [262, 259, 530]
const [YCBCR, JPEG] = [6, 7]

/**
 * The colours of a TIFF whose samples would be taken for others; null for one of grey, RGB or a palette, for YCbCr that
 * libvips converts (of a JPEG in it, and where the file says that colour is stored at fewer places than brightness, which
 * is all that it converts), and for what is no TIFF or is damaged.
 */
export function oddTiffColours(bytes: Uint8Array): string | null {
  const tags = firstDirectory(bytes)
  const photometric = tags?.get(PHOTOMETRIC)?.[0] ?? 0
  if (photometric === YCBCR) {
    const isConverted = tags?.get(COMPRESSION)?.[0] === JPEG || tags?.get(SUBSAMPLING)?.some((n) => n > 1)
    return isConverted ? null : 'YCbCr without JPEG'
  }
  return OTHERS[photometric] ?? null
}

/** Bytes of a value: BYTE, SHORT, LONG. Others are not looked at. */
const BYTES: Record<number, 1 | 2 | 4> = { 1: 1, 3: 2, 4: 4 }

/** The two values at most that lie in the entries themselves, by tag; TIFF 6.0, section 2, and BigTIFF. */
function firstDirectory(bytes: Uint8Array): Map<number, number[]> | null {
  const b = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const order = b.getUint16(0)
    if (order !== 0x4949 && order !== 0x4d4d) return null
    const little = order === 0x4949
    const version = b.getUint16(2, little)
    if (version !== 42 && version !== 43) return null
    const big = version === 43
    const place = (at: number): number => (big ? Number(b.getBigUint64(at, little)) : b.getUint32(at, little))
    const at = place(big ? 8 : 4)
    const count = big ? place(at) : b.getUint16(at, little)
    const tags = new Map<number, number[]>()
    for (let n = 0; n < count; n++) {
      const entry = at + (big ? 8 + 20 * n : 2 + 12 * n)
      const size = BYTES[b.getUint16(entry + 2, little)]
      const length = place(entry + 4)
      const value = entry + (big ? 12 : 8)
      if (size === undefined || length * size > (big ? 8 : 4)) continue
      const values = Array.from({ length }, (_, i) => {
        const from = value + i * size
        return size === 1
          ? b.getUint8(from)
          : size === 2
            ? b.getUint16(from, little)
            : b.getUint32(from, little)
      })
      tags.set(b.getUint16(entry, little), values)
    }
    return tags
  } catch {
    return null
  }
}
