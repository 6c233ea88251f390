import { dirname } from 'node:path'
import { compareResults, type Comparison, type Dataset, evaluate } from '../../datasets/index.ts'
import type { ModelSetup } from '../../inspection/index.ts'
import { findPackages, type PackageInfo } from '../../models/index.ts'

/** Families whose answers the evaluation has numbers for. */
const SCORED = /^(?:classification|detection|segmentation|anomaly)/

/**
 * Scores a quantised package and the float one on the same labelled images; null where nothing is labelled or the family
 * has no such numbers.
 *
 * @param dirs folders of the quantised package and of the float one
 */
export async function accuracyOfBoth(
  dataset: Dataset,
  dirs: { quantised: string; float: string },
  setup: ModelSetup,
  onProgress: (done: number, total: number) => void,
): Promise<Comparison | null> {
  const labelled = dataset.items.some((i) => i.defective !== null || (i.boxes ?? []).length > 0)
  const [quantised, float] = [await packageIn(dirs.quantised), await packageIn(dirs.float)]
  if (!labelled || !SCORED.test(float.card.spec.family)) return null
  const models = { ...setup, modelDirs: [dirname(dirs.quantised), dirname(dirs.float)] }
  const total = 2 * dataset.items.length
  const judge = (model: PackageInfo, before: number) =>
    evaluate({
      dataset,
      models,
      subject: { kind: 'model', model },
      onProgress: (done) => onProgress(before + done, total),
    })
  return compareResults(await judge(quantised, 0), await judge(float, dataset.items.length))
}

/** @throws MDL_UNKNOWN, MDL_PACKAGE */
async function packageIn(dir: string): Promise<PackageInfo> {
  const found = await findPackages([dirname(dir)], () => undefined)
  const own = found.find((p) => p.dir === dir)
  if (own === undefined) throw new Error(`${dir} was verified and is no package`)
  return own
}
