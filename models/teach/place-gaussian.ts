import type { Form, Forms, RawMaps } from './form.ts'
import type { Matrix } from './matrix-sessions.ts'
import { leftOut, placeFactors } from './place-gaussian.kernel.ts'

/** Coordinates of the embedding that count, at most: the leading ones of the PCA. Fewer lose detection on castings (ADR 0019). */
const KEPT = 48
/** Most that the factors of all places may take in the model, bytes; fine grids keep fewer coordinates. */
const MOST_BYTES = 8_388_608

/** Coordinates kept on a grid. */
export const keptFor = (cells: number, dims: number): number =>
  Math.max(1, Math.min(KEPT, dims, Math.floor(Math.sqrt(MOST_BYTES / (4 * cells)))))

/**
 * Mahalanobis distance with a covariance of each place (PaDiM, Defard et al. 2021), shrunk towards that of all places as
 * much as there are coordinates: with fewer images than these a place alone has none.
 *
 * @param residuals to the mean of the place, of each image, [cells][dims]
 */
export function placeGaussianForm(residuals: readonly Matrix[], dims: number, cells: number): Form {
  const kept = keptFor(cells, dims)
  const factors = placeFactors(residuals, dims, kept, kept)
  return { kind: 'gaussian', factors, kept, share: 1 / (residuals.length + kept) }
}

/**
 * Maps of good images by forms that were fitted on some of them: those meet the covariance of their places as if they,
 * and the other photographs of their workpiece, had not been among them. Otherwise good images would look more usual than
 * new ones are.
 *
 * @param groups of each image
 * @param inside whether the forms were fitted on it
 */
export function asIfNew(
  maps: readonly RawMaps[],
  { gaussian }: Forms,
  groups: readonly number[],
  inside: (image: number) => boolean,
): RawMaps[] {
  if (gaussian?.kind !== 'gaussian') return [...maps]
  const photographs = new Map<number, number>()
  for (const [i, group] of groups.entries())
    if (inside(i)) photographs.set(group, (photographs.get(group) ?? 0) + 1)
  return maps.map((m, i) =>
    m.gaussian === undefined || !inside(i)
      ? m
      : { ...m, gaussian: leftOut(m.gaussian, gaussian.share * (photographs.get(groups[i] ?? -1) ?? 1)) },
  )
}
