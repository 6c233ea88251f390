import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError, makeFolder } from '../../contracts/index.ts'
import { createSigningKey, loadTrustedKeys, publicKeyIn, type TrustedKeys } from '../../models/index.ts'
import type { Environment } from './environment.ts'
import { homeOf } from './paths.ts'

/** Flags of every command that signs a package. */
export interface SigningFlags {
  key?: string
  keyId?: string
}

export const signingOptions = (command: Command): Command =>
  command
    .option('--key <file>', 'private key (or SIGHTLINE_SIGNING_KEY); default: the key of this machine')
    .option('--key-id <name>', 'name of that key in the trusted keys')

/** A private key and the name under which its public half is trusted. */
export interface SigningKey {
  keyFile: string
  keyId: string
}

const dirOf = (environment: Environment): string => join(homeOf(environment), 'keys')

/**
 * The key that is named, or the one of this machine, made when it is first needed: what is taught here is trusted here
 * and nowhere else.
 *
 * @throws CFG_USAGE for a key without a name or a name without a key; TRC_WRITE, TRC_DISK_FULL when none can be made
 */
export async function signingKey(
  { key, keyId }: SigningFlags,
  environment: Environment,
): Promise<SigningKey> {
  const file = key ?? environment.signingKey
  if (file !== null && keyId !== undefined) return { keyFile: resolve(file), keyId }
  if (file !== null)
    throw new CodedError('CFG_USAGE', {
      expected: '--key-id NAME with the key, its name in the trusted keys',
      actual: `the key ${file} alone`,
    })
  if (keyId !== undefined)
    throw new CodedError('CFG_USAGE', { expected: '--key FILE or SIGHTLINE_SIGNING_KEY', actual: 'neither' })
  return machineKey(dirOf(environment))
}

async function machineKey(dir: string): Promise<SigningKey> {
  const keyFile = join(dir, 'signing.pem')
  makeFolder(dir, 'TRC_WRITE')
  let publicKey = await publicKeyIn(keyFile)
  // Another process may make it at the same moment: then its key is the one.
  publicKey ??= await createSigningKey(keyFile, 'machine').then(
    (made) => made.publicKey,
    async (error: unknown) => {
      const other = await publicKeyIn(keyFile)
      if (other === null) throw error
      return other
    },
  )
  const keyId = `machine-${createHash('sha256').update(publicKey).digest('hex').slice(0, 8)}`
  const known = await machineKeys(dir)
  if (known[keyId] !== publicKey)
    await writeFile(trustFile(dir), `${JSON.stringify({ ...known, [keyId]: publicKey }, null, 2)}\n`)
  return { keyFile, keyId }
}

const trustFile = (dir: string): string => join(dir, 'trusted.json')

/** Keys that were made on this machine; they stay trusted when the private half is taken away. */
export const ownTrustedKeys = (environment: Environment): Promise<TrustedKeys> =>
  machineKeys(dirOf(environment))

async function machineKeys(dir: string): Promise<TrustedKeys> {
  const there = await readFile(trustFile(dir)).then(
    () => true,
    () => false,
  )
  return there ? loadTrustedKeys(trustFile(dir)) : {}
}
