import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { expect, it } from 'vitest'
import { tryQueue } from '../../inspection/queue/redis.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { ingest, job, prefixed, SlowInspector } from './samples/queue-samples.ts'

/** A certificate made with OpenSSL, of an authority that nobody knows. */
describeWith('openssl', commandPresent('openssl', ['version']), 'a Redis behind TLS', () => {
  it('is told from one that is away where its certificate is not trusted, with what to do', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'redis-tls-'))
    const args =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout k -out c -subj /CN=localhost'
    execFileSync('openssl', args.split(' '), { cwd: dir, stdio: 'pipe' })
    const server = createServer({ key: readFileSync(join(dir, 'k')), cert: readFileSync(join(dir, 'c')) })
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const url = `rediss://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const q = await ingest(prefixed(), new SlowInspector('here', 5), url)
      expect((await q.inspect(job(1_000)).outcome).worker).toBe('here')
      await expect
        .poll(() => q.health().degraded, { timeout: 10_000 })
        .toMatchObject({
          en: expect.stringMatching(/^the certificate of Redis .*NODE_EXTRA_CA_CERTS/) as string,
          zh: expect.stringMatching(/^Redis 的证书.*NODE_EXTRA_CA_CERTS/) as string,
        })
      await expect(tryQueue(url)).rejects.toThrow(/INS_QUEUE.*self-signed certificate.*NODE_EXTRA_CA_CERTS/)
    } finally {
      server.close()
      rmSync(dir, { recursive: true })
    }
  }, 40_000)
})
