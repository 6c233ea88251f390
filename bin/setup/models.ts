import { CodedError } from '../../contracts/index.ts'
import type { ModelSetup } from '../../inspection/index.ts'
import { loadTrustedKeys, type TrustedKeys } from '../../models/index.ts'
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
