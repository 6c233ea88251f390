import { CodedError, type ErrorCode, modelCardSchema } from '../../contracts/index.ts'
import { findPackages } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs } from '../setup/models.ts'

/** Checked before anything is taught: nobody waits for a model that cannot be packed. @throws CFG_USAGE */
export function checkModelName(
  id: string,
  version: string | undefined,
  versionFlag = '--model-version',
): void {
  const fields = [
    ['--id', modelCardSchema.shape.id, id, 'lower-case letters, digits and dashes'],
    [versionFlag, modelCardSchema.shape.version, version ?? '1.0.0', 'a version such as 1.2.0'],
  ] as const
  for (const [path, schema, value, expected] of fields)
    if (!schema.safeParse(value).success) throw new CodedError('CFG_USAGE', { path, expected, actual: value })
}

/**
 * Version of a model to be taught: the wanted one, or the next minor one behind the newest of its id. What is there is
 * never replaced: recipes pin models by their hash.
 *
 * @param after a version that it comes behind, too
 * @param like  a version to be preferred where it is free
 * @param code  of the error when the wanted version is taken
 */
export async function freeVersion(
  id: string,
  wanted: string | undefined,
  environment: Environment,
  {
    after,
    like,
    code = 'CFG_USAGE',
    flag = '--model-version',
  }: { after?: string | undefined; like?: string; code?: ErrorCode; flag?: string } = {},
): Promise<string> {
  const packages = await findPackages(modelDirs(environment), () => undefined)
  const versions = packages.filter((p) => p.id === id).map((p) => p.version)
  const newest = [...versions, ...(after === undefined ? [] : [after])]
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
  const next = newest === undefined ? '1.0.0' : nextMinor(newest)
  const version = wanted ?? (like !== undefined && !versions.includes(like) ? like : next)
  if (!versions.includes(version)) return version
  throw new CodedError(code, {
    path: code === 'CFG_USAGE' ? flag : 'version',
    expected: `a version that ${id} does not have`,
    actual: version,
    hint: `leave it out: the next one is ${nextMinor(newest ?? version)}`,
    zh: {
      expected: `${id} 尚未使用的版本号`,
      hint: `可不填:下一个版本是 ${nextMinor(newest ?? version)}`,
    },
  })
}

/** What a model with other images becomes. */
export function nextMinor(version: string): string {
  const [major = '1', minor = '0'] = version.split('.')
  return `${major}.${Number(minor) + 1}.0`
}
