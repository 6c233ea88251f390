/** What the first bytes of a JPEG or PNG say, read without decoding. */
export interface ImageHeader {
  kind: 'jpeg' | 'png'
  widthPx: number
  heightPx: number
  bitDepth: number
  channels: number
  alpha: boolean
  animated: boolean
  /** The end marker is there: decoders accept a file that lost its last bytes. */
  ended: boolean
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const EOI = Buffer.from([0xff, 0xd9])

/** Null when the bytes are neither JPEG nor PNG, or end inside the header. */
export function readHeader(bytes: Buffer): ImageHeader | null {
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes)
  if (bytes.length > 33 && bytes.subarray(0, 8).equals(PNG)) return readPng(bytes)
  return null
}

/** Marker segments of ISO/IEC 10918-1 (ITU-T T.81), annex B. */
function readJpeg(b: Buffer): ImageHeader | null {
  let header: ImageHeader | null = null
  for (let at = 2; at + 4 <= b.length;) {
    if (b[at] !== 0xff) return null
    const marker = b[at + 1] ?? 0
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2
      continue
    }
    const length = b.readUInt16BE(at + 2)
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (frame && at + 10 <= b.length) {
      header = {
        kind: 'jpeg',
        bitDepth: b.readUInt8(at + 4),
        heightPx: b.readUInt16BE(at + 5),
        widthPx: b.readUInt16BE(at + 7),
        channels: b.readUInt8(at + 9),
        alpha: false,
        animated: false,
        ended: false,
      }
    }
    if (marker === 0xda) {
      // Inside a scan 0xff is always followed by 0x00 or a restart marker, so this can only be the end of image.
      if (header) header.ended = b.lastIndexOf(EOI) > at
      return header
    }
    at += 2 + length
  }
  return header
}

/** Chunks of ISO/IEC 15948 (PNG), clause 5; acTL marks an animation. */
function readPng(b: Buffer): ImageHeader | null {
  if (b.toString('latin1', 12, 16) !== 'IHDR') return null
  const colour = b.readUInt8(25)
  const header: ImageHeader = {
    kind: 'png',
    widthPx: b.readUInt32BE(16),
    heightPx: b.readUInt32BE(20),
    bitDepth: b.readUInt8(24),
    channels: colour === 0 ? 1 : colour === 4 ? 2 : colour === 6 ? 4 : 3,
    alpha: colour === 4 || colour === 6,
    animated: false,
    ended: b.lastIndexOf('IEND', undefined, 'latin1') >= Math.max(33, b.length - 4096),
  }
  for (let at = 8; at + 8 <= b.length;) {
    const type = b.toString('latin1', at + 4, at + 8)
    if (type === 'IDAT') break
    if (type === 'tRNS') header.alpha = true
    if (type === 'acTL') header.animated = true
    at += 12 + b.readUInt32BE(at)
  }
  return header
}
