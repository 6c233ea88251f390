import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadLine, recipePlace } from '../../bin/line/config.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { CodedError, type ErrorDetail } from '../../contracts/index.ts'
import { connectionOptions } from '../../inspection/index.ts'

const lines = join(import.meta.dirname, '../../lines')

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-lines-'))
  await cp(lines, dir, { recursive: true })
})
afterEach(() => rm(dir, { recursive: true }))

/** Changes a file of the folder. Returns the line at which the new text stands. */
async function changed(name: string, from: string, to: string): Promise<number> {
  const file = join(dir, name)
  const text = await readFile(file, 'utf8')
  expect(text).toContain(from)
  await writeFile(file, text.replace(from, to))
  return text.slice(0, text.indexOf(from)).split('\n').length
}

async function fault(env: NodeJS.ProcessEnv = {}): Promise<ErrorDetail> {
  const loaded = loadLine(join(dir, 'sample.line.yaml'), readEnvironment(env), {}, {})
  const error: unknown = await loaded.catch((e: unknown) => e)
  if (error instanceof CodedError) return error.detail
  throw new Error('nothing was refused', { cause: error })
}

const RECIPE = 'recipes/sample-board@1.recipe.yaml'

describe('a recipe that a command names', () => {
  it('is looked for among the shipped ones by its id, and how to name another is said', () => {
    expect(recipePlace('sample-board@1').id).toBe('sample-board@1')
    expect(() => recipePlace('caps@1')).toThrowError(
      /^CFG_MISSING_FILE: .*expected the recipe caps@1; .*by its file: --recipe recipes\/caps@1\.recipe\.yaml/,
    )
    const own = recipePlace(join(dir, 'recipes', 'caps@1.recipe.yaml'))
    expect(own).toEqual({ dir: join(dir, 'recipes'), id: 'caps@1' })
  })
})

describe('a line file that refers wrongly', () => {
  it('is told of a camera that waits for a PLC where none is', async () => {
    await changed('sample.line.yaml', 'rate: 2', 'rate: triggered')
    expect(await fault()).toMatchObject({
      path: 'stations[0].reject',
      expected: 'adapter: modbus-tcp, the PLC that triggers the camera',
    })
    const plc = 'reject: { adapter: modbus-tcp, host: 10.0.0.20 }'
    await changed('sample.line.yaml', 'budgetMs: 1000', `budgetMs: 1000\n    ${plc}`)
    const loaded = await loadLine(join(dir, 'sample.line.yaml'), readEnvironment({}), {}, {})
    expect(loaded.spec.stations[0]?.reject.adapter).toBe('modbus-tcp')
  })

  it('names the line, the path and what was expected of a module', async () => {
    const line = await changed('sample.line.yaml', 'use: lean', 'use: leen')
    expect(await fault()).toMatchObject({ line, path: 'scenarios[0].use', expected: 'lean', actual: 'leen' })
  })

  it('says so of a parameter of a module', async () => {
    const line = await changed('sample.line.yaml', 'use: lean', 'use: lean, subgruop: 50')
    expect(await fault()).toMatchObject({
      line,
      path: 'scenarios[0].subgruop',
      expected: 'a key of the schema',
      actual: 'unknown key "subgruop"',
    })
  })

  it('says so of stations', async () => {
    const again =
      '  - { id: aoi-top, camera: { adapter: sample-line, seed: 1, rate: 2 }, recipe: sample-board@1, budgetMs: 900 }'
    await changed('sample.line.yaml', 'scenarios:', `${again}\nscenarios:`)
    const line = await changed('sample.line.yaml', 'stations:', 'stations:')
    expect(await fault()).toMatchObject({ line, path: 'stations', actual: 'aoi-top' })
  })

  it('says so of a threshold and of a model that is not there', async () => {
    const line = await changed(RECIPE, 'threshold: 0.3', 'threshold: 3')
    expect(await fault()).toMatchObject({ line, file: join(dir, RECIPE), path: 'tools[1].threshold' })
    await changed(RECIPE, 'threshold: 3', 'threshold: 0.3')
    const tool = await changed(RECIPE, '- id: copper', '- id: copper')
    await changed(RECIPE, 'model: pcb-pair', 'model: pcb-pear')
    expect(await fault()).toMatchObject({ line: tool, path: 'tools[1]' })
  })
})

describe('the address of Redis', () => {
  it.each([
    ['something that is no URL', ':s3cret'],
    ['http:', 'http://queue'],
    ['an address without a host', 'redis:///0'],
    ['a database that is no number', 'redis://queue/parts'],
    [expect.stringContaining('%25') as string, 'redis://:s3cret%zz@queue'],
  ])('is refused before anything starts: %s', async (actual, url) => {
    const { path, actual: said } = await fault({ SIGHTLINE_REDIS_URL: url })
    expect({ path, said }).toEqual({ path: 'SIGHTLINE_REDIS_URL', said: actual })
    expect(said).not.toContain('s3cret')
  })

  it('may be an IPv6 address, with user, password and database', () => {
    expect(connectionOptions('rediss://line:p%40ss@[2001:db8::1]:6380/3')).toMatchObject({
      host: '2001:db8::1',
      port: 6380,
      username: 'line',
      password: 'p@ss',
      db: 3,
      tls: {},
    })
  })
})
