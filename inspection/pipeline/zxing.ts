import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes, type ReadResult } from 'zxing-wasm/reader'
import { asCoded, type CodeRead, type ToolSpecOf } from '../../contracts/index.ts'

export type CodeFormat = ToolSpecOf<'code@1'>['formats'][number]

/** Names of the recipe to names of the reader. */
const FORMATS = {
  DataMatrix: 'DataMatrix',
  QRCode: 'QRCode',
  Code128: 'Code128',
  'EAN-13': 'EAN13',
  'EAN-8': 'EAN8',
  'UPC-A': 'UPCA',
  Code39: 'Code39',
  ITF: 'ITF',
  PDF417: 'PDF417',
  Aztec: 'Aztec',
  DataBar: 'DataBar',
  DataBarExpanded: 'DataBarExp',
} as const satisfies Record<CodeFormat, string>
const NAMES = new Map<string, string>(Object.entries(FORMATS).map(([name, format]) => [format, name]))

let ready: Promise<unknown> | null = null

/** Starts the reader. It would fetch its wasm file from the network; it gets the installed one. */
export async function warmZxing(): Promise<void> {
  if (!ready) {
    const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
    const wasmBinary = Uint8Array.from(readFileSync(file)).buffer
    ready = prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  }
  await ready
}

/**
 * Reads all symbols inside `box` of a grey image; failed symbols come with `ok: false`. Corners in px of the image,
 * sorted top to bottom, then left to right.
 *
 * @param grey HW
 * @throws INS_TOOL when the reader itself fails
 */
export async function readCodes(
  grey: Uint8Array,
  widthPx: number,
  box: readonly [number, number, number, number],
  formats: readonly CodeFormat[],
): Promise<Omit<CodeRead, 'tool'>[]> {
  await warmZxing()
  const [x1, y1] = box
  try {
    const results = await readBarcodes(portableGreyMap(grey, widthPx, box), {
      formats: formats.map((f) => FORMATS[f]),
      textMode: 'Plain',
      returnErrors: true,
      tryHarder: true,
    })
    return results.map((r) => toRead(r, x1, y1)).toSorted(byPlace)
  } catch (error) {
    throw asCoded(error, 'INS_TOOL')
  }
}

/** Binary PGM, which the reader takes with one byte per pixel instead of four. */
function portableGreyMap(
  grey: Uint8Array,
  widthPx: number,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
): Uint8Array {
  const width = x2 - x1
  const header = Buffer.from(`P5 ${width} ${y2 - y1} 255\n`, 'latin1')
  const out = new Uint8Array(header.length + width * (y2 - y1))
  out.set(header)
  for (let y = y1, to = header.length; y < y2; y++, to += width)
    out.set(grey.subarray(y * widthPx + x1, y * widthPx + x2), to)
  return out
}

function toRead(r: ReadResult, dx: number, dy: number): Omit<CodeRead, 'tool'> {
  const { topLeft, topRight, bottomRight, bottomLeft } = r.position
  const corners = [topLeft, topRight, bottomRight, bottomLeft].map((p) => [p.x + dx, p.y + dy] as const)
  const found = {
    symbology: NAMES.get(r.format) ?? r.format,
    symbologyId: r.symbologyIdentifier,
    corners,
  }
  return r.isValid
    ? { ok: true, text: r.text, ...found }
    : { ok: false, text: '', ...found, error: r.error || 'the symbol does not decode' }
}

function byPlace(a: Omit<CodeRead, 'tool'>, b: Omit<CodeRead, 'tool'>): number {
  const [ax = 0, ay = 0] = a.corners[0] ?? []
  const [bx = 0, by = 0] = b.corners[0] ?? []
  return ay - by || ax - bx || (a.text < b.text ? -1 : 1)
}
