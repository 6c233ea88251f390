import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { CodedError } from '../../contracts/index.ts'

/**
 * scrypt with N = 2^15, r = 8, p = 3 (OWASP Password Storage Cheat Sheet): 32 MiB and a tenth of a second of one core.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 }
const HASH_BYTES = 32
const SALT_BYTES = 16
const FORM = /^scrypt:15:8:3:([\w-]+):([\w-]+)$/

/** One at a time, for the line has the cores; more than so many waiting are an attack or a fault. */
const MAX_WAITING = 20
let waiting = 0
let last: Promise<unknown> = Promise.resolve()

/** @throws API_BUSY */
function derive(password: string, salt: Buffer): Promise<Buffer> {
  if (waiting >= MAX_WAITING)
    throw new CodedError('API_BUSY', {
      expected: `at most ${MAX_WAITING} people who sign in at once`,
      actual: 'more',
      zh: { expected: `同时登录最多 ${MAX_WAITING} 人`, actual: '更多' },
    })
  waiting += 1
  const done = last.then(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        // The same letters typed on another keyboard may be composed otherwise (NIST SP 800-63B, 3.1.1.2).
        scrypt(password.normalize('NFKC'), salt, HASH_BYTES, COST, (error, hash) => {
          waiting -= 1
          if (error) reject(error)
          else resolve(hash)
        })
      }),
  )
  last = done.catch(() => undefined)
  return done
}

/** What is kept of a password. @throws API_BUSY */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return `scrypt:15:8:3:${salt.toString('base64url')}:${(await derive(password, salt)).toString('base64url')}`
}

/** For an account that is none: looking for it takes as long. */
const NOBODY = `scrypt:15:8:3:${'A'.repeat(22)}:${'A'.repeat(43)}`

/** @param kept of `hashPassword`; null = there is no such account @throws API_BUSY */
export async function passwordFits(password: string, kept: string | null): Promise<boolean> {
  const [, salt = '', hash = ''] = FORM.exec(kept ?? NOBODY) ?? []
  const derived = await derive(password, Buffer.from(salt, 'base64url'))
  const expected = Buffer.from(hash, 'base64url')
  return expected.length === derived.length && timingSafeEqual(expected, derived) && kept !== null
}

/** A token of 256 random bits needs no slow hash. */
export const hashToken = (token: string): string =>
  `sha256:${createHash('sha256').update(token).digest('base64url')}`

export const newToken = (): string => `sightline_${randomBytes(32).toString('base64url')}`
