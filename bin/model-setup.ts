import { CodedError } from '../contracts/index.ts'
import type { ModelSetup } from '../inspection/index.ts'
import { loadTrustedKeys, type TrustedKeys } from '../models/index.ts'
import type { Environment } from './environment.ts'
import { paths } from './paths.ts'

/** Folders of model packages: the delivered ones, then those of SIGHTLINE_MODELS. */
export const modelDirs = (environment: Environment): string[] => [paths.packages, ...environment.models]

/**
 * The delivered keys and those of SIGHTLINE_TRUST.
 *
 * @throws CFG_* when the file is missing or malformed, or would give a delivered name to another key
 */
export async function trustedKeys(environment: Environment): Promise<TrustedKeys> {
  const delivered = await loadTrustedKeys(paths.trust)
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

/** @throws CFG_USAGE when neither the flag nor SIGHTLINE_SIGNING_KEY names a private key */
export function keyFileOf(flag: string | undefined, environment: Environment): string {
  const file = flag ?? environment.signingKey
  if (file === null)
    throw new CodedError('CFG_USAGE', { expected: '--key FILE or SIGHTLINE_SIGNING_KEY', actual: 'neither' })
  return file
}
