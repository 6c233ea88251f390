import { basename } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { type BrokenPackage, findPackages, type PackageInfo } from '../package/find.ts'
import type { TrustedKeys } from '../package/keys.ts'
import { unknownModel } from '../package/unknown-model.ts'
import { verifyPackage } from '../package/verify.ts'
import { type Backbone, backboneOf } from '../teach/backbone.ts'

/**
 * The newest backbone of this id in the folders, verified.
 *
 * @param onBroken is told of each folder that is no readable package, once the backbone is found: it may be a newer one
 * @throws MDL_UNKNOWN naming the folders and the backbones there are, or the fault of a folder of that name; what `verifyPackage` throws; MDL_PACKAGE for another family
 */
export async function findBackbone(
  dirs: readonly string[],
  id: string,
  trustedKeys: TrustedKeys,
  onBroken: (broken: BrokenPackage) => void = () => undefined,
): Promise<Backbone> {
  const broken: BrokenPackage[] = []
  const packages = await findPackages(dirs, (b) => broken.push(b))
  const [newest] = packages
    .filter((p) => p.id === id)
    .toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
  if (newest) {
    for (const b of broken) onBroken(b)
    return backboneOf(await verifyPackage(newest.dir, trustedKeys))
  }
  const same = broken.find((b) => basename(b.dir).startsWith(id))
  if (same) throw same.error
  const there = packages.filter((p) => p.card.spec.family === 'backbone').map((p) => p.id)
  const [first] = broken
  const hint = first ? { hint: `mend or remove ${first.dir}, which cannot be read` } : {}
  throw unknownModel({ id, dirs, there, kind: 'backbones', ...hint })
}

/**
 * The backbone that a model was taught with, verified: of several versions that one.
 *
 * @param sha256 of its model.onnx
 * @throws TCH_DATA when it is in none of the folders; what `verifyPackage` throws
 */
export async function backboneTaughtWith(
  dirs: readonly string[],
  sha256: string,
  trustedKeys: TrustedKeys,
): Promise<Backbone> {
  const packages = await findPackages(dirs, () => undefined)
  return backboneOf(await verifyPackage(backboneOfHash(packages, sha256).dir, trustedKeys))
}

/** @throws TCH_DATA when it is none of the packages, naming the backbones among them */
export function backboneOfHash(packages: readonly PackageInfo[], sha256: string): PackageInfo {
  const backbones = packages.filter((p) => p.card.spec.family === 'backbone')
  const found = backbones.find((p) => p.sha256 === sha256)
  if (found !== undefined) return found
  throw new CodedError('TCH_DATA', {
    expected: `the backbone with SHA-256 ${sha256}`,
    actual: backbones.map((p) => `${p.id} ${p.version}, ${p.sha256}`).join('; ') || 'no backbone',
    hint: 'install the backbone the model was taught with, or teach again from the images',
  })
}
