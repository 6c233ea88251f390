/** CRC-32 of ISO 3309, bit by bit: zlib's own came with Node 20.15 and 22.2. */
export function crc32Of(data: Buffer): number {
  let c = 0xffffffff
  for (const byte of data) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}
