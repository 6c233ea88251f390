import { CodedError } from '../../contracts/index.ts'
import { findPackages } from '../package/find.ts'
import type { TrustedKeys } from '../package/keys.ts'
import { verifyPackage } from '../package/verify.ts'
import { type Backbone, backboneOf } from '../teach/backbone.ts'

/**
 * The newest backbone of this id in the folders, verified.
 *
 * @throws MDL_UNKNOWN naming the backbones there are; what `verifyPackage` throws; MDL_PACKAGE for another family
 */
export async function findBackbone(
  dirs: readonly string[],
  id: string,
  trustedKeys: TrustedKeys,
): Promise<Backbone> {
  const packages = await findPackages(dirs)
  const [newest] = packages
    .filter((p) => p.id === id)
    .toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
  if (newest) return backboneOf(await verifyPackage(newest.dir, trustedKeys))
  const there = packages.filter((p) => p.card.spec.family === 'backbone').map((p) => p.id)
  throw new CodedError('MDL_UNKNOWN', {
    path: id,
    expected: `a backbone: ${[...new Set(there)].join(', ') || 'there is none'}`,
    actual: id,
    hint: 'SIGHTLINE_MODELS names further folders of packages',
  })
}
