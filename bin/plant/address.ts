import { CodedError } from '../../contracts/index.ts'
import { openPlantQuery } from '../../traceability/index.ts'
import type { TraceQuery } from '../../traceability/query/index.ts'
import type { Environment } from '../setup/environment.ts'

/** The plant store that a command asks: the URL from the environment, the schema from the option. */
export function plantAddress(
  option: string | true | undefined,
  { databaseUrl }: Environment,
): { url: string; schema: string } {
  if (databaseUrl === null)
    throw new CodedError('CFG_USAGE', {
      expected: 'the address of the plant store in the environment variable SIGHTLINE_DATABASE_URL',
      actual: 'nothing',
      hint: 'postgres://user:password@host/database',
    })
  return { url: databaseUrl, schema: typeof option === 'string' ? option : 'sightline' }
}

export function plantQuery(option: string | true | undefined, environment: Environment): Promise<TraceQuery> {
  const { url, schema } = plantAddress(option, environment)
  return openPlantQuery(url, schema)
}
