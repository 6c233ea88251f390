import { type Dataset, openDataset, type OpenOptions } from '../../datasets/index.ts'

/** Opens a data set and says on standard error what in its folder is not used. @throws DAT_* */
export async function openDataSet(dir: string, options?: OpenOptions): Promise<Dataset> {
  const dataset = await openDataset(dir, options)
  for (const { message } of dataset.leftOut) process.stderr.write(`${message}\n`)
  return dataset
}
