import { delimiter, resolve } from 'node:path'
import { CodedError } from '../../contracts/index.ts'

/** What the environment may set; read once, here. Flags win over it, the line file loses to it. */
export interface Environment {
  redisUrl: string | null
  dataDir: string | null
  port: number | null
  host: string | null
  workers: number | null
  samples: string | null
  signingKey: string | null
  /** The store of the plant on PostgreSQL; may hold a password. */
  databaseUrl: string | null
  /** Folders of further model packages, beside the delivered ones; separated as in PATH. */
  models: string[]
  /** File of further trusted keys, in the form of models/trust/keys.json. */
  trust: string | null
}

/** @throws CFG_INVALID when a variable is not of its kind */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    redisUrl: text(env, 'SIGHTLINE_REDIS_URL'),
    dataDir: text(env, 'SIGHTLINE_DATA_DIR'),
    port: integer(env, 'SIGHTLINE_PORT', 0, 65_535),
    host: text(env, 'SIGHTLINE_HOST'),
    workers: integer(env, 'SIGHTLINE_WORKERS', 0, 256),
    samples: text(env, 'SIGHTLINE_SAMPLES'),
    signingKey: text(env, 'SIGHTLINE_SIGNING_KEY'),
    databaseUrl: databaseUrl(env, 'SIGHTLINE_DATABASE_URL'),
    models: (text(env, 'SIGHTLINE_MODELS')?.split(delimiter) ?? []).filter(Boolean).map((d) => resolve(d)),
    trust: text(env, 'SIGHTLINE_TRUST'),
  }
}

const text = (env: NodeJS.ProcessEnv, name: string): string | null => env[name]?.trim() || null

/** The value is never repeated, it may hold a password. */
function databaseUrl(env: NodeJS.ProcessEnv, path: string): string | null {
  const value = text(env, path)
  if (value === null) return null
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2)
    throw new CodedError('CFG_INVALID', {
      path,
      expected: 'postgres://user:password@host:port/database, with ?sslmode=verify-full for TLS',
      actual: url === null ? 'something that is no URL' : `${url.protocol}//… without these parts`,
    })
  return value
}

function integer(env: NodeJS.ProcessEnv, name: string, min: number, max: number): number | null {
  const value = text(env, name)
  if (value === null) return null
  const n = Number(value)
  if (!Number.isInteger(n) || n < min || n > max) {
    throw new CodedError('CFG_INVALID', {
      path: name,
      expected: `a whole number from ${min} to ${max}`,
      actual: value,
      hint: 'it is set in the environment',
    })
  }
  return n
}

/** What fills `${NAME}` in a line file; one of blanks counts as not set. */
export const variablesOf =
  (env: NodeJS.ProcessEnv) =>
  (name: string): string | undefined =>
    text(env, name) ?? undefined
