/** What the first bytes of a JPEG or PNG say, read without decoding. */
export interface ImageHeader {
  kind: 'jpeg' | 'png'
  widthPx: number
  heightPx: number
  bitDepth: number
  channels: number
  alpha: boolean
  animated: boolean
  /** What the file lost, though decoders accept it; null = nothing. */
  missing: string | null
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const EOI = Buffer.from([0xff, 0xd9])
const JPEG_END = 'the end marker of a JPEG'

/** Null when the bytes are neither JPEG nor PNG, or end inside the header. */
export function readHeader(bytes: Buffer): ImageHeader | null {
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes)
  if (bytes.length > 33 && bytes.subarray(0, 8).equals(PNG)) return readPng(bytes)
  return null
}

/** Marker segments of ISO/IEC 10918-1 (ITU-T T.81), annex B. */
function readJpeg(b: Buffer): ImageHeader | null {
  let header: ImageHeader | null = null
  let frameAt = 0
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
        missing: JPEG_END,
      }
      frameAt = at
    }
    if (marker === 0xda) {
      // Inside a scan 0xff is always followed by 0x00 or a restart marker, so this can only be the end of image.
      if (header && b.lastIndexOf(EOI) > at)
        header.missing = missesScans(b, frameAt, at) ? 'all scans of a JPEG' : null
      return header
    }
    at += 2 + length
  }
  return header
}

/**
 * Whether a coefficient of the picture never came, or not with all of its bits: what is cut off between two scans is a
 * blurred picture, or one without colour, and no decoder minds. T.81, B.2.3 and G.1.1.1.
 *
 * @param frameAt the frame header
 * @param scanAt  the first scan header
 */
function missesScans(b: Buffer, frameAt: number, scanAt: number): boolean {
  const count = b[frameAt + 9] ?? 0
  const lossless = (b[frameAt + 1] ?? 0) % 4 === 3
  const progressive = (b[frameAt + 1] ?? 0) % 4 === 2
  if (lossless || (!progressive && b[scanAt + 4] === count)) return false
  const ids = Array.from({ length: count }, (_, i) => b[frameAt + 10 + 3 * i])
  /** Bits that are still to come, by component and coefficient. */
  const left = new Uint8Array(64 * count).fill(16)
  for (let at = scanAt; at + 4 <= b.length && b[at + 1] !== 0xd9;) {
    const header = b.subarray(at + 4, at + 2 + b.readUInt16BE(at + 2))
    if (b[at + 1] === 0xda) {
      const n = header[0] ?? 0
      const [first = 0, last = 0, low = 0] = header.subarray(1 + 2 * n)
      for (let i = 0; i < n; i++) {
        const from = 64 * ids.indexOf(header[1 + 2 * i])
        if (from >= 0) left.fill(low & 15, from + first, from + Math.min(last, 63) + 1)
      }
    }
    at = nextMarker(b, at + 4 + header.length)
  }
  return left.some((bits) => bits > 0)
}

/** Passes over coded data, in which 0xff is followed by 0x00 or a restart marker; the end of the file when none follows. */
export function nextMarker(b: Buffer, from: number): number {
  for (let at = b.indexOf(0xff, from); at >= 0; at = b.indexOf(0xff, at)) {
    const next = b[at + 1] ?? 0
    if (next === 0xff) at++
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) at += 2
    else return at
  }
  return b.length
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
    missing: 'the end marker of a PNG',
  }
  for (let at = 8; at + 8 <= b.length;) {
    const type = b.toString('latin1', at + 4, at + 8)
    if (type === 'IEND') {
      header.missing = null
      break
    }
    if (type === 'tRNS') header.alpha = true
    if (type === 'acTL') header.animated = true
    at += 12 + b.readUInt32BE(at)
  }
  return header
}
