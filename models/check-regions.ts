import { CodedError, type ModelCard } from '../contracts/index.ts'

/**
 * A classifier says what the whole image shows. Its findings lie everywhere: a region would drop all of them or none,
 * by where the middle of the image is, and never what is seen there.
 *
 * @param path where the tool stands in the recipe
 * @throws CFG_INVALID for a classifier that is given a region
 */
export function checkRegions(
  { id, spec }: ModelCard,
  { roi, exclude }: { roi?: string | undefined; exclude: readonly string[] },
  path: string,
): void {
  if (spec.family !== 'classification' || (roi === undefined && exclude.length === 0)) return
  throw new CodedError('CFG_INVALID', {
    path: `${path}.${roi === undefined ? 'exclude' : 'roi'}`,
    expected: `none: ${id} is of the family classification, which judges the whole image`,
    actual: roi ?? exclude.join(', '),
    hint: 'leave the region out, and frame the image by the camera or by registration',
  })
}
