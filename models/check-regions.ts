import { CodedError, type ModelCard } from '../contracts/index.ts'

/**
 * A classifier says what the whole image shows: a region would drop nothing of what it says. Beside a registration the
 * region says what the frame must show of a part that lies off.
 *
 * @param path where the tool stands in the recipe
 * @param registered the recipe registers its parts
 * @throws CFG_INVALID for a classifier that is given a region
 */
export function checkRegions(
  { id, spec }: ModelCard,
  { roi, exclude }: { roi?: string | undefined; exclude: readonly string[] },
  path: string,
  registered: boolean,
): void {
  if (spec.family !== 'classification') return
  const refused = exclude.length > 0 ? 'exclude' : roi !== undefined && !registered ? 'roi' : null
  if (refused === null) return
  throw new CodedError('CFG_INVALID', {
    path: `${path}.${refused}`,
    expected: `none: ${id} is of the family classification, which judges the whole image`,
    actual: refused === 'roi' ? roi : exclude.join(', '),
    hint: 'leave the region out, and frame the image by the camera or by registration',
  })
}
