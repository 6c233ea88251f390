import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ModelCard } from '../../contracts/index.ts'
import type { Dataset, DatasetItem } from '../../datasets/index.ts'
import type { QuantiseRequest } from '../../models/index.ts'
import { spread } from '../teach/images.ts'
import { pixelsOf } from '../images/pixels-of.ts'

/**
 * What a model is quantised with: so many images of a data set, evenly over it, to calibrate, and all of them to compare
 * verdicts; each with its golden template where the model wants one and the set has one.
 */
export async function quantiseImages(
  { dir, items, format }: Dataset,
  { inputs }: ModelCard,
  calibration: number,
): Promise<Pick<QuantiseRequest, 'calibration' | 'judged' | 'calibrationData'>> {
  const color = inputs.some((i) => i.channels === 3) ? 'rgb' : 'mono'
  const pair = inputs.some((i) => i.role === 'template')
  const chosen = spread(items, calibration)
  const imagesOf = async ({ image, reference }: DatasetItem) => ({
    image: await pixelsOf(image, color),
    ...(pair && reference !== undefined ? { template: await pixelsOf(reference, color) } : {}),
  })
  const list = createHash('sha256')
  for (const { image } of chosen)
    list.update(
      createHash('sha256')
        .update(await readFile(image))
        .digest('hex'),
    )
  return {
    calibrationData: {
      name: `calibrated with ${chosen.length} of ${items.length} images of ${dir} (${format})`,
      licence: "the user's own",
      sha256: list.digest('hex'),
    },
    async *calibration() {
      for (const item of chosen) yield await imagesOf(item)
    },
    async *judged() {
      for (const item of items) yield { id: item.id, images: await imagesOf(item) }
    },
  }
}
