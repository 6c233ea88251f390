import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import type { Box } from '../../contracts/index.ts'
import { CodedError, gs1CheckDigit } from '../../contracts/thread.ts'
import { layer, type Layer } from './raster.kernel.ts'
import { mixSeed } from './rng.ts'
import { drawText } from './stroke-font.ts'

export interface LabelText {
  gtin: string
  serial: string
  lot: string
}

/** Modules of the DataMatrix are this many px wide: 0.083 mm, within reach of a laser marker. */
const MODULE_PX = 4

let ready: Promise<unknown> | null = null

function loadWriter(): Promise<unknown> {
  ready ??= (async () => {
    const file = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
    const bytes = readFileSync(file)
    const wasmBinary = new Uint8Array(bytes).buffer
    await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  })()
  return ready
}

/** GTIN-14 of a product under the prefix 0950 6000, which GS1 keeps for examples. */
export function gtinOf(seed: number): string {
  const item = String(Math.abs(mixSeed(seed, 0x6713)) % 100_000).padStart(5, '0')
  return `09506000${item}${gs1CheckDigit(`09506000${item}`)}`
}

/** GS1 element string in bracketed form: (01) GTIN, (21) serial, (10) lot. */
export const elementString = (t: LabelText): string => `(01)${t.gtin}(21)${t.serial}(10)${t.lot}`

/**
 * Ink of the printed label, 0..255, of the size of `field`: a GS1 DataMatrix (ISO/IEC 16022 with FNC1 first,
 * symbology identifier `]d2`) and the same data in letters.
 *
 * @throws DAT_ANNOTATION when the data cannot be encoded or do not fit the field
 */
export async function printLabel(field: Box, text: LabelText): Promise<Layer> {
  await loadWriter()
  const made = await writeBarcode(elementString(text), {
    format: 'DataMatrix',
    options: 'gs1,forceSquare',
    scale: 1,
    addQuietZones: false,
  })
  const side = made.symbol.width
  const height = field[3] - field[1]
  const out = layer(field[2] - field[0], height)
  const room = Math.floor(height / MODULE_PX) - 4
  if (made.error !== '' || side > room) {
    throw new CodedError('DAT_ANNOTATION', {
      expected: `serial and lot that fit a DataMatrix of ${room} modules`,
      actual: made.error || `${elementString(text)} needs ${side} modules`,
    })
  }
  const top = Math.floor((height - side * MODULE_PX) / 2)
  for (let y = 0; y < side * MODULE_PX; y++) {
    for (let x = 0; x < side * MODULE_PX; x++) {
      const module = made.symbol.data[Math.floor(y / MODULE_PX) * side + Math.floor(x / MODULE_PX)] ?? 255
      if (module < 128) out.data[(top + y) * out.widthPx + top + x] = 255
    }
  }
  const x = side * MODULE_PX + 2 * top + 2
  drawText(out, text.serial, x, 18, 13, 2)
  drawText(out, `LOT ${text.lot}`, x, 46, 10, 1.6)
  drawText(out, text.gtin.slice(0, 7), x, 72, 9, 1.4)
  drawText(out, text.gtin.slice(7), x, 88, 9, 1.4)
  return out
}
