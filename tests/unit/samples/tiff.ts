/** A TIFF 6.0 of one strip and 8 bits per sample, not compressed unless `fields` says so: further tags of type SHORT. */
export function tiffOf(
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  samples: Uint8Array,
  perPixel: number,
  fields: Record<number, number[]>,
): Buffer {
  const tags = {
    256: [widthPx],
    257: [heightPx],
    258: Array<number>(perPixel).fill(8),
    259: [1],
    277: [perPixel],
    278: [heightPx],
  }
  const all = { ...tags, 273: [8], 279: [samples.length], ...fields }
  const ifd = Buffer.alloc(6 + 12 * Object.keys(all).length)
  ifd.writeUInt16LE(Object.keys(all).length, 0)
  const long: Buffer[] = []
  let free = 8 + samples.length + ifd.length
  Object.entries(all).forEach(([tag, values], i) => {
    const at = 2 + 12 * i
    const packed = Buffer.from(Uint16Array.from(values).buffer)
    ifd.writeUInt16LE(Number(tag), at)
    ifd.writeUInt16LE(3, at + 2)
    ifd.writeUInt32LE(values.length, at + 4)
    if (packed.length <= 4) packed.copy(ifd, at + 8)
    else {
      ifd.writeUInt32LE(free, at + 8)
      long.push(packed)
      free += packed.length
    }
  })
  const head = Buffer.from([0x49, 0x49, 0x2a, 0, 0, 0, 0, 0])
  head.writeUInt32LE(8 + samples.length, 4)
  return Buffer.concat([head, samples, ifd, ...long])
}
