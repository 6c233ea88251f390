import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { CodedError } from '../../contracts/index.ts'
import { answered } from './background-client.ts'
import { JOBS_PREFIX } from './background.schema.ts'
import { evictionOf, RedisLink } from './redis-link.ts'
import { connectionOptions } from './redis-url.ts'
import { NOT_TRUSTED } from './worker-watch.ts'

const TRUST_HINT =
  'give Redis a valid certificate of the host in its address, and name the file of an authority of your own in NODE_EXTRA_CA_CERTS'

/**
 * Asks whether a Redis takes frames and jobs at this address: a replica, or one that is full, answers and takes nothing;
 * one whose user may not run scripts, name or list clients, or wait for jobs and answers takes frames and no jobs, and without the time of the server hosts
 * have no common deadline; one that evicts keys loses both.
 *
 * @returns what it does not do that a line can do without; null = nothing
 * @throws INS_QUEUE with what it said, or that it did not answer in time
 */
export async function tryQueue(redisUrl: string): Promise<string | null> {
  const link = new RedisLink(redisUrl, { commandTimeoutMs: 2_000 })
  const expected = 'a Redis that takes frames and jobs at the address in SIGHTLINE_REDIS_URL'
  try {
    if (!(await link.ready(3_000)))
      throw new CodedError('INS_QUEUE', {
        expected,
        actual: link.error ?? 'no answer within 3 s',
        ...(NOT_TRUSTED.test(link.error ?? '') && { hint: TRUST_HINT }),
      })
    if (link.error !== null) throw new Error(link.error)
    await link.put('sightline-doctor', Uint8Array.of(1), 1_000)
    await link.take('sightline-doctor')
    await link.time()
    await link.mayBeNamed()
    await tryJob(redisUrl)
    return await refuseEviction(link)
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw new CodedError('INS_QUEUE', {
      expected,
      actual: error instanceof Error ? error.message : String(error),
    })
  } finally {
    link.close()
  }
}

async function tryJob(redisUrl: string): Promise<void> {
  // Of its own: one that the library opened stays open where it is refused something. Asked without INFO, as a line does.
  const connection = new Redis(connectionOptions(redisUrl))
  connection.on('error', () => undefined)
  const queue = new Queue('doctor', { connection, prefix: JOBS_PREFIX, skipVersionCheck: true })
  // It comes with the answer.
  queue.on('error', () => undefined)
  try {
    await answered(queue.add('try', {}))
    // What a line and a worker wait by, here without waiting.
    const { events = '', marker = '' } = queue.keys
    await answered(connection.xread('COUNT', 1, 'STREAMS', events, '$'))
    await answered(connection.bzpopmin(marker, 0.01))
    await answered(queue.obliterate())
    await answered(queue.getWorkersCount())
  } finally {
    connection.disconnect()
  }
}

const NO_INFO =
  'its user may not ask INFO: a worker does not start with it, and nobody sees whether maxmemory-policy is noeviction'

async function refuseEviction(link: RedisLink): Promise<string | null> {
  const memory = await link.memory().catch((error: unknown) => {
    if (String(error).includes('NOPERM')) return null
    throw error
  })
  const policy = memory === null ? null : evictionOf(memory)
  if (policy === null) return memory === null ? NO_INFO : null
  throw new CodedError('INS_QUEUE', {
    expected: 'maxmemory-policy noeviction, so that no frame or job that waits is thrown away',
    actual: policy,
  })
}
