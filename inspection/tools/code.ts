import type { ToolSpecOf } from '../../contracts/index.ts'
import { readCodes, warmZxing } from '../pipeline/zxing.ts'
import type { PartImage } from '../pipeline/part-image.ts'
import { toolArea } from '../pipeline/roi.ts'
import type { Tool } from './tool.ts'

/**
 * Barcode, QR and DataMatrix at any angle: in the ROI first, then in the whole frame. A failed read is a fact too: one CodeRead with
 * `ok: false`. Reads come in the order top to bottom, left to right. A symbol that was found but does not decode
 * (damaged, wrong check digit) says so in `error`.
 */
export const code: Tool<'code@1'> = {
  use: 'code@1',
  async prepare(spec, { recipe }) {
    const box = toolArea(recipe, spec.roi, []).box
    const whole = [0, 0, recipe.view.widthPx, recipe.view.heightPx] as const
    await warmZxing()
    return {
      id: spec.id,
      use: spec.use,
      async run({ image }) {
        const first = await read(image, box, spec)
        if (first.some((c) => c.ok) || spec.roi === undefined || !spec.wholeFrameFallback)
          return { codes: orFailure(first, spec) }
        const second = await read(image, whole, spec)
        return { codes: orFailure(second.some((c) => c.ok) ? second : [...first, ...second], spec) }
      },
    }
  },
}

type Spec = ToolSpecOf<'code@1'>
type Read = Awaited<ReturnType<typeof readCodes>>[number] & { tool: string }

async function read(
  image: PartImage,
  box: readonly [number, number, number, number],
  spec: Spec,
): Promise<Read[]> {
  const reads = await readCodes(image.grey, image.widthPx, box, spec.formats, spec.itfDigits)
  return reads.map((r) => ({ tool: spec.id, ...r }))
}

/** Readable symbols; without any, one failure that says why. */
function orFailure(reads: readonly Read[], spec: Spec): Read[] {
  const good = reads.filter((r) => r.ok)
  if (good.length > 0) return good
  return [
    reads[0] ?? {
      tool: spec.id,
      ok: false,
      symbology: spec.formats.join('|'),
      text: '',
      symbologyId: '',
      corners: [],
      error: 'no symbol found',
    },
  ]
}
