import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asCoded, canonicalJson, CodedError, type ModelCard, type ModelPin } from '../../contracts/index.ts'
import type { TrustedKeys } from './keys.ts'
import { CARD_FILE, MODEL_FILE, sha256Of } from './manifest.ts'
import { readCard } from './read-card.ts'
import { namesNear, unknownModel } from './unknown-model.ts'
import { verifyPackage, type VerifiedPackage } from './verify.ts'

/** The packages delivered with the product. */
export const PACKAGES_DIR = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../packages/' : '../../../models/packages/', import.meta.url),
)

/** Versions of one model that an error names: the newest. */
const MOST_VERSIONS = 3

export interface PackageInfo {
  id: string
  version: string
  dir: string
  /** SHA-256 of model.onnx as it lies on disk; the signature is checked when the package is loaded. */
  sha256: string
  /** SHA-256 of card.json likewise. */
  cardSha256: string
  card: ModelCard
}

export interface BrokenPackage {
  dir: string
  error: CodedError
}

/**
 * Packages in the sub-folders of `dirs`, ordered by id, version and folder. A folder of `dirs` that does not
 * exist holds none.
 *
 * @param onBroken is told of each sub-folder that has a model or a card but is no readable package; without it
 *                 the first one is thrown, so that none is overlooked
 */
export async function findPackages(
  dirs: readonly string[],
  onBroken?: (broken: BrokenPackage) => void,
): Promise<PackageInfo[]> {
  const found: PackageInfo[] = []
  for (const dir of dirs) {
    const entries = await readdir(dir).catch(() => [])
    for (const entry of entries) {
      // Being written: no package yet, and gone at any moment.
      if (/\.(teaching|packing)$/.test(entry)) continue
      const place = join(dir, entry)
      const facts = await stat(place).catch(() => null)
      if (facts?.isDirectory() !== true) continue
      const names = await readdir(place).catch((): string[] => [])
      if (!names.includes(CARD_FILE) && !names.includes(MODEL_FILE)) continue
      try {
        found.push(await readInfo(place))
      } catch (error) {
        const broken = { dir: place, error: asCoded(error, 'MDL_PACKAGE', { file: place }) }
        if (onBroken === undefined) throw broken.error
        onBroken(broken)
      }
    }
  }
  const key = (p: PackageInfo): string => `${p.id}\0${p.version}\0${p.dir}`
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

async function readInfo(dir: string): Promise<PackageInfo> {
  const cardFile = join(dir, CARD_FILE)
  const bytes = await readFile(cardFile)
  const card = readCard(bytes.toString('utf8'), cardFile)
  const sha256 = sha256Of(await readFile(join(dir, MODEL_FILE)))
  return { id: card.id, version: card.version, dir, sha256, cardSha256: sha256Of(bytes), card }
}

/**
 * The newest version of a package, for judging images by hand; a line pins by hash.
 *
 * @throws MDL_UNKNOWN, saying where it looked and what there is instead; what is wrong with a folder of that name
 */
export async function packageNamed(dirs: readonly string[], id: string): Promise<PackageInfo> {
  const broken: BrokenPackage[] = []
  const packages = await findPackages(dirs, (b) => broken.push(b))
  const newest = packages
    .filter((p) => p.id === id)
    .toSorted((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }))
    .at(-1)
  if (newest !== undefined) return newest
  const same = broken.find((b) => basename(b.dir).startsWith(id))
  if (same !== undefined) throw same.error
  const folder = await readInfo(resolve(id)).catch(() => null)
  throw unknownModel({
    id,
    dirs,
    there: packages.map((p) => p.id),
    kind: 'packages',
    ...(folder !== null && {
      hint: `a model is named by its id, that of this folder is ${folder.id}, with SIGHTLINE_MODELS=${dirname(folder.dir)}`,
    }),
  })
}

/**
 * Finds the package a recipe pins and verifies it: signature, hashes, card; runs nothing.
 *
 * @throws MDL_UNKNOWN when there is none; what is wrong with the only candidate when that is why none matches
 */
export async function verifyPinned(
  dirs: readonly string[],
  pin: ModelPin,
  trustedKeys: TrustedKeys,
): Promise<VerifiedPackage> {
  const broken: BrokenPackage[] = []
  const packages = await findPackages(dirs, (b) => broken.push(b))
  try {
    return await verifyPackage(pinnedPackage(packages, pin, dirs).dir, trustedKeys)
  } catch (error) {
    if (asCoded(error, 'MDL_PACKAGE').code !== 'MDL_UNKNOWN') throw error
    // An altered model has another hash than the pin: its own fault says more than "unknown".
    for (const { dir } of packages.filter((p) => p.id === pin.id)) await verifyPackage(dir, trustedKeys)
    const same = broken.find((b) => basename(b.dir) === pin.id)
    throw same?.error ?? error
  }
}

/**
 * The package a recipe pins, by id and hashes: nothing floats to "latest". The network is half of a model, the card says
 * what its numbers mean: labels in another order make a crack of what is good. So a pin of the model alone is enough only
 * where all packages with it agree on that.
 *
 * @param dirs where the packages were found
 * @throws MDL_UNKNOWN, saying where they were looked for and what there is instead; MDL_PACKAGE when a pin of the model
 *         alone fits packages that would judge differently
 */
export function pinnedPackage(
  packages: readonly PackageInfo[],
  { id, sha256, cardSha256 }: ModelPin,
  dirs: readonly string[],
): PackageInfo {
  const same = packages.filter((p) => p.id === id)
  const withModel = same.filter((p) => p.sha256 === sha256)
  const fits = withModel.filter((p) => cardSha256 === undefined || p.cardSha256 === cardSha256)
  const [match] = fits
  if (match !== undefined) {
    const other = fits.find((p) => meaning(p.card) !== meaning(match.card))
    if (other === undefined) return match
    throw new CodedError('MDL_PACKAGE', {
      path: id,
      expected: `one meaning of the model with SHA-256 ${sha256}`,
      actual: [match, other].map((p) => `${p.version} in ${p.dir}, cardSha256 ${p.cardSha256}`).join('; '),
      hint: 'raise the recipe version with `cardSha256` beside `sha256`, or remove the wrong package',
    })
  }
  const there = packages.map((p) => p.id)
  const card = (hash: string): string => (cardSha256 === undefined ? '' : `, card ${hash}`)
  const actual =
    same.length > 0
      ? (withModel.length > 0 ? withModel : same)
          .slice(-MOST_VERSIONS)
          .map((p) => `${id} ${p.version} with SHA-256 ${p.sha256}${card(p.cardSha256)}`)
          .join('; ')
      : `packages ${namesNear(id, there)}`
  throw unknownModel({
    id,
    dirs,
    there,
    kind: 'packages',
    detail: { expected: `${id} with SHA-256 ${sha256}${card(cardSha256 ?? '')}`, actual },
    hint: 'install the package, raise the recipe version with another pin',
  })
}

/**
 * Packages of the id and the network of one whose cards mean something else: beside them a pin of the model alone finds
 * none of them.
 *
 * @param dir  the package
 * @param dirs where others are looked for, beside its own folder
 */
export async function otherMeanings(
  dir: string,
  dirs: readonly string[],
): Promise<{ own: PackageInfo; others: PackageInfo[] }> {
  const own = await readInfo(dir)
  const places = new Set([...dirs, dirname(dir)].map((d) => resolve(d)))
  const others = (await findPackages([...places], () => undefined)).filter(
    (p) =>
      resolve(p.dir) !== resolve(dir) &&
      p.id === own.id &&
      p.sha256 === own.sha256 &&
      meaning(p.card) !== meaning(own.card),
  )
  return { own, others }
}

/** What of a card decides verdicts: two packages with one network and one meaning judge alike. */
export const meaning = ({ spec, inputs, labels }: ModelCard): string =>
  canonicalJson({ spec, inputs, labels })
