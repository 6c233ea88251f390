import { findPackages } from '../package/find.ts'
import type { TrustedKeys } from '../package/keys.ts'
import { unknownModel } from '../package/unknown-model.ts'
import { verifyPackage } from '../package/verify.ts'
import { type Backbone, backboneOf } from '../teach/backbone.ts'

/**
 * The newest backbone of this id in the folders, verified.
 *
 * @throws MDL_UNKNOWN naming the folders and the backbones there are; what `verifyPackage` throws; MDL_PACKAGE for another family
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
  throw unknownModel({ id, dirs, there, kind: 'backbones' })
}
