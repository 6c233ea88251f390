import { CodedError } from '../../contracts/index.ts'
import type { ModelSetup } from '../../inspection/index.ts'
import { loadTrustedKeys, otherMeanings, type TrustedKeys } from '../../models/index.ts'
import type { Environment } from './environment.ts'
import { paths, taughtDir } from './paths.ts'
import { ownTrustedKeys } from './signing-key.ts'

/** Folders of model packages: the delivered ones, those of SIGHTLINE_MODELS, those taught on this machine. */
export const modelDirs = (environment: Environment): string[] => [
  paths.packages,
  ...environment.models,
  taughtDir(environment),
]

/**
 * The delivered keys, those of SIGHTLINE_TRUST, and those made on this machine.
 *
 * @throws CFG_* when the file is missing or malformed, or would give a delivered name to another key
 */
export async function trustedKeys(environment: Environment): Promise<TrustedKeys> {
  const delivered = { ...(await ownTrustedKeys(environment)), ...(await loadTrustedKeys(paths.trust)) }
  if (environment.trust === null) return delivered
  const further = await loadTrustedKeys(environment.trust)
  const taken = Object.keys(further).find((id) => id in delivered && further[id] !== delivered[id])
  if (taken !== undefined)
    throw new CodedError('CFG_INVALID', {
      file: environment.trust,
      path: taken,
      expected: 'a name that no delivered key has',
      actual: 'another key of that name',
    })
  return { ...delivered, ...further }
}

/** Says on standard error where beside a package just made a pin of the model alone does not tell what it means. */
export async function warnOfOtherMeanings(dir: string, environment: Environment): Promise<void> {
  const { own, others } = await otherMeanings(dir, modelDirs(environment))
  if (others.length === 0) return
  const named = [own, ...others].map((p) => `  ${p.version} in ${p.dir}, cardSha256 ${p.cardSha256}\n`)
  process.stderr.write(
    `warning: ${own.id} is there with the same network and another meaning (labels, inputs or family). Recipes that pin it by sha256 alone do not load where both are found: pin cardSha256, too, or remove the wrong one\n${named.join('')}`,
  )
}

/** Where models come from and how their sessions are made: one core each. */
export const modelSetup = async (
  providers: readonly string[],
  environment: Environment,
): Promise<ModelSetup> => ({
  modelDirs: modelDirs(environment),
  providers,
  trustedKeys: await trustedKeys(environment),
  intraOpThreads: 1,
})
