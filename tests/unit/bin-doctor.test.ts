import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, expect, it, vi } from 'vitest'
import { addDoctor } from '../../bin/commands/doctor.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { DATABASE_URL, postgresPresent } from '../services/postgres.ts'
import { describeWith, portOpen, REDIS_URL } from '../services/require-service.ts'

interface Finding {
  check: string
  state: string
  detail: string
}

const dir = mkdtempSync(join(tmpdir(), 'sightline-doctor-'))
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  rmSync(dir, { recursive: true, force: true })
})

/** What it finds, by the name of the check. */
async function examined(env: NodeJS.ProcessEnv): Promise<Map<string, Finding>> {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const program = new Command()
  addDoctor(program, readEnvironment(env))
  await program.parseAsync(['doctor', '--json', '--data', dir], { from: 'user' })
  const text = written.mock.calls.map(([chunk]) => String(chunk)).join('')
  written.mockRestore()
  return new Map((JSON.parse(text) as Finding[]).map((f) => [f.check, f]))
}

vi.setConfig({ testTimeout: 60_000 })

it('tries every provider, and says in short and coded what does not answer, without its password', async () => {
  const found = await examined({
    SIGHTLINE_REDIS_URL: 'redis://:s3cret@127.0.0.1:1',
    SIGHTLINE_DATABASE_URL: 'postgres://line:s3cret@127.0.0.1:1/plant',
  })
  expect(found.get('provider cpu')).toMatchObject({
    state: 'ok',
    detail: expect.stringMatching(/golden/) as string,
  })
  // This build of onnxruntime has CUDA, whose libraries a machine may lack.
  expect(found.get('provider cuda')).toSatisfy(
    (f: Finding) => f.state === 'ok' || (f.state === 'absent' && f.detail.startsWith('MDL_PROVIDER: ')),
  )
  expect(found.get('Redis')).toMatchObject({
    state: 'bad',
    detail: expect.stringMatching(/^INS_QUEUE: /) as string,
  })
  expect(found.get('PostgreSQL')).toMatchObject({
    state: 'bad',
    detail: expect.stringMatching(/^TRC_PLANT: .*127\.0\.0\.1:1\/plant/) as string,
  })
  expect(process.exitCode).toBe(1)
  for (const { detail } of found.values()) {
    expect(detail).not.toContain('s3cret')
    expect(detail).not.toContain('\n')
  }
})

it('says what is wrong with an address that is none, without repeating it', async () => {
  const found = await examined({ SIGHTLINE_REDIS_URL: ':s3cret@host' })
  expect(found.get('Redis')?.detail).toMatch(
    /^CFG_INVALID: .*SIGHTLINE_REDIS_URL.*something that is no URL; it is set in the environment$/,
  )
  expect(found.get('PostgreSQL')).toMatchObject({ state: 'absent' })
})

const services = (await postgresPresent()) && (await portOpen('127.0.0.1', 6379))
describeWith('Redis and PostgreSQL', services, 'services that answer', () => {
  it('are found in order', async () => {
    const found = await examined({ SIGHTLINE_REDIS_URL: REDIS_URL, SIGHTLINE_DATABASE_URL: DATABASE_URL })
    expect(found.get('Redis')).toMatchObject({ state: 'ok' })
    expect(found.get('PostgreSQL')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^\d+/) as string,
    })
  })

  it('are not in order where PostgreSQL takes no writes', async () => {
    const url = new URL(DATABASE_URL)
    url.searchParams.set('options', '-c default_transaction_read_only=on')
    const found = await examined({ SIGHTLINE_DATABASE_URL: url.href })
    expect(found.get('PostgreSQL')).toMatchObject({
      state: 'bad',
      detail: expect.stringContaining('takes no writes') as string,
    })
  })

  it('are not in order where the address names a database that does not exist', async () => {
    const found = await examined({ SIGHTLINE_REDIS_URL: `${REDIS_URL}/9999` })
    expect(found.get('Redis')).toMatchObject({
      state: 'bad',
      detail: expect.stringContaining('DB index is out of range') as string,
    })
  })
})
