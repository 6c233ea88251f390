import { CodedError } from './errors.ts'

/** Pixels of a BMP, top row first, 3 channels R G B unless every colour of its palette is a grey. */
export interface BmpPixels {
  data: Uint8Array<ArrayBuffer>
  widthPx: number
  heightPx: number
  channels: 1 | 3
}

/** What the header of a BMP says (Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER to V5). */
export interface BmpHeader {
  widthPx: number
  heightPx: number
  /** 1, 4, 8 = palette; 16, 24, 32 = colours. */
  bits: number
  topDown: boolean
  /** Where the pixels begin, and how long a row is, bytes. */
  pixelsAt: number
  rowBytes: number
  /** B G R entries, `entryBytes` apart. */
  palette: { at: number; entryBytes: number; count: number }
  /** Bit masks of red, green, blue and alpha of 16 and 32 bit. */
  masks: readonly [number, number, number, number]
}

const MASKS_16 = [0x7c00, 0x03e0, 0x001f, 0] as const
const MASKS_32 = [0xff0000, 0x00ff00, 0x0000ff, 0] as const

/** True for the signature of a BMP with a known header behind it. */
export const isBmp = (b: Uint8Array): boolean =>
  b.length >= 26 && b[0] === 0x42 && b[1] === 0x4d && [12, 40, 52, 56, 64, 108, 124].includes(b[14] ?? 0)

/** @throws INS_DECODE damaged; INS_IMAGE_FORMAT compressed, or of an odd depth */
export function bmpHeader(b: Uint8Array): BmpHeader {
  const v = new DataView(b.buffer, b.byteOffset, b.byteLength)
  const size = v.getUint32(14, true)
  if (b.length < 14 + size) throw cutOff(`a header of ${14 + size} bytes`, b)
  const old = size === 12
  const widthPx = old ? v.getUint16(18, true) : v.getInt32(18, true)
  const height = old ? v.getUint16(20, true) : v.getInt32(22, true)
  const bits = v.getUint16(old ? 24 : 28, true)
  const compression = old ? 0 : v.getUint32(30, true)
  const fields = compression === 3 || compression === 6
  if (
    ![1, 4, 8, 16, 24, 32].includes(bits) ||
    !(compression === 0 || (fields && (bits === 16 || bits === 32)))
  )
    throw new CodedError('INS_IMAGE_FORMAT', {
      expected: 'an uncompressed BMP of 1, 4, 8, 16, 24 or 32 bits',
      actual: `${bits} bits, compression ${compression}`,
    })
  if (widthPx <= 0 || height === 0)
    throw new CodedError('INS_DECODE', { expected: 'a size above 0', actual: `${widthPx} × ${height} px` })
  // Masks stand in the header from version 2 on, and behind the header of version 1.
  const maskBytes = size >= 52 || !fields ? 0 : compression === 6 ? 16 : 12
  if (b.length < 14 + size + maskBytes) throw cutOff('bit masks', b)
  const mask = (n: number): number => v.getUint32(54 + 4 * n, true)
  const alpha = fields && (size >= 56 || maskBytes === 16) ? mask(3) : 0
  const pixelsAt = v.getUint32(10, true)
  if (pixelsAt < 14 + size + maskBytes)
    throw new CodedError('INS_DECODE', {
      expected: `pixels behind the header, from byte ${14 + size + maskBytes} on`,
      actual: `pixels from byte ${pixelsAt} on`,
    })
  const entryBytes = old ? 3 : 4
  const used = old ? 0 : v.getUint32(46, true)
  return {
    widthPx,
    heightPx: Math.abs(height),
    bits,
    topDown: height < 0,
    pixelsAt,
    rowBytes: Math.ceil((widthPx * bits) / 32) * 4,
    palette: {
      at: 14 + size + maskBytes,
      entryBytes,
      count: bits > 8 ? 0 : Math.min(used || 2 ** bits, 2 ** bits),
    },
    masks: fields ? [mask(0), mask(1), mask(2), alpha] : bits === 16 ? MASKS_16 : MASKS_32,
  }
}

/**
 * Pixels of an uncompressed BMP; no other decoder of this program reads the format.
 *
 * @throws INS_DECODE damaged or cut off; INS_IMAGE_FORMAT compressed, transparent; INS_IMAGE_LIMIT
 */
export function decodeBmp(b: Uint8Array, maxPixels = 100_000_000): BmpPixels {
  const header = bmpHeader(b)
  const { widthPx, heightPx, bits, rowBytes, pixelsAt, topDown } = header
  if (widthPx * heightPx > maxPixels)
    throw new CodedError('INS_IMAGE_LIMIT', {
      expected: `at most ${maxPixels / 1e6} megapixels`,
      actual: `${widthPx} × ${heightPx} px`,
    })
  if (b.length < pixelsAt + rowBytes * heightPx)
    throw cutOff(`${rowBytes * heightPx} bytes of pixels from byte ${pixelsAt} on`, b)
  const row = bits <= 8 ? paletteRow(b, header) : bits === 24 ? plainRow(b, header) : maskedRow(b, header)
  const data = new Uint8Array(widthPx * heightPx * row.channels)
  for (let y = 0; y < heightPx; y++)
    row.read(pixelsAt + rowBytes * (topDown ? y : heightPx - 1 - y), data, y * widthPx * row.channels)
  row.end?.()
  return { data, widthPx, heightPx, channels: row.channels }
}

interface RowReader {
  channels: 1 | 3
  /** Reads the row at a byte of the file into `out` from `to` on. */
  read(from: number, out: Uint8Array, to: number): void
  /** Called behind the last row. */
  end?(): void
}

function paletteRow(b: Uint8Array, { widthPx, bits, palette, pixelsAt }: BmpHeader): RowReader {
  const { at, entryBytes, count } = palette
  if (at + entryBytes * count > pixelsAt || at + entryBytes * count > b.length) throw cutOff('a palette', b)
  // What the palette lacks is black, as other decoders have it.
  const rgb = new Uint8Array(3 * 256)
  for (let i = 0; i < count; i++)
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = b[at + entryBytes * i + 2 - c] ?? 0
  let grey = true
  for (let i = 0; i < rgb.length; i += 3) grey &&= rgb[i] === rgb[i + 1] && rgb[i] === rgb[i + 2]
  const channels = grey ? 1 : 3
  const perByte = 8 / bits
  const low = 2 ** bits - 1
  return {
    channels,
    read(from, out, to) {
      for (let x = 0; x < widthPx; x++) {
        const shift = 8 - bits * ((x % perByte) + 1)
        const index = ((b[from + Math.floor(x / perByte)] ?? 0) >> shift) & low
        for (let c = 0; c < channels; c++) out[to++] = rgb[3 * index + c] ?? 0
      }
    },
  }
}

function plainRow(b: Uint8Array, { widthPx }: BmpHeader): RowReader {
  return {
    channels: 3,
    read(from, out, to) {
      for (let i = 0; i < 3 * widthPx; i += 3) {
        out[to + i] = b[from + i + 2] ?? 0
        out[to + i + 1] = b[from + i + 1] ?? 0
        out[to + i + 2] = b[from + i] ?? 0
      }
    },
  }
}

function maskedRow(b: Uint8Array, { widthPx, bits, masks }: BmpHeader): RowReader {
  const v = new DataView(b.buffer, b.byteOffset, b.byteLength)
  const [red, green, blue, alpha] = masks.map(channel) as [Channel, Channel, Channel, Channel]
  const bytes = bits / 8
  let [least, most] = [255, 0]
  return {
    channels: 3,
    read(from, out, to) {
      for (let x = 0; x < widthPx; x++, to += 3) {
        const at = from + bytes * x
        const word = bytes === 2 ? v.getUint16(at, true) : v.getUint32(at, true)
        out[to] = red(word)
        out[to + 1] = green(word)
        out[to + 2] = blue(word)
        const a = alpha(word)
        if (a < least) least = a
        if (a > most) most = a
      }
    },
    end() {
      // Alpha of 0 everywhere is a field that nobody filled in.
      if (masks[3] !== 0 && least < 255 && most > 0)
        throw new CodedError('INS_IMAGE_FORMAT', {
          expected: 'opaque pixels',
          actual: 'transparency',
          hint: 'remove the alpha channel',
        })
    },
  }
}

type Channel = (word: number) => number

/** Value 0 to 255 of the bits under a mask. */
function channel(mask: number): Channel {
  if (mask === 0) return () => 0
  const shift = 31 - Math.clz32(mask & -mask)
  const most = mask >>> shift
  return (word) => Math.round((((word & mask) >>> shift) * 255) / most)
}

const cutOff = (expected: string, b: Uint8Array): CodedError =>
  new CodedError('INS_DECODE', {
    expected,
    actual: `a file cut off after ${b.length} bytes`,
    hint: 'check the connection to the camera',
  })
