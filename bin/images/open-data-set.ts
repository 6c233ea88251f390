import { type Dataset, openDataset, type OpenOptions, repeatedImages } from '../../datasets/index.ts'

/**
 * Opens a data set and says on standard error what in its folder is not used, and which images are there twice.
 *
 * @param counted false where nothing is learnt or counted of the images, as for a line that replays them: copies are not looked for
 * @throws DAT_*
 */
export async function openDataSet(dir: string, options?: OpenOptions, counted = true): Promise<Dataset> {
  const dataset = await openDataset(dir, options)
  const copies = counted ? await repeatedImages(dataset) : []
  for (const { message } of [...dataset.leftOut, ...copies]) process.stderr.write(`${message}\n`)
  return dataset
}
