import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type LineConfig, loadLine, recipePlace } from '../../bin/line/config.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { pass, recipe } from './samples/rules.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-line-config-'))
beforeAll(() => {
  mkdirSync(join(dir, 'recipes'))
  writeFileSync(join(dir, 'recipes', 'demo@1.recipe.yaml'), JSON.stringify(recipe([pass])))
})
afterAll(() => rmSync(dir, { recursive: true }))

const load = (
  rest: string,
  env: Record<string, string> = {},
  flags: { dataDir?: string } = {},
): Promise<LineConfig> => {
  const file = join(dir, 'l.line.yaml')
  writeFileSync(
    file,
    `# \${NOT_SET} is nothing here
line: l
title: { zh: 线, en: line }
stations:
  - { id: s, camera: { adapter: replay, path: \${IMAGES:-images}, rate: 5 }, recipe: demo@1, budgetMs: \${BUDGET:-500} }
${rest}`,
  )
  return loadLine(file, readEnvironment(env), flags, env)
}

describe('the data directory of a line', () => {
  it('lies beside the line file where that names it, wherever the line is started', async () => {
    expect((await load('data: { dir: ../kept }')).dataDir).toBe(resolve(dir, '../kept'))
    expect((await load('data: { dir: /var/kept }')).dataDir).toBe(resolve('/var/kept'))
  })

  it('is in the current directory where a flag or the environment names it, or nobody', async () => {
    const env = { SIGHTLINE_DATA_DIR: 'e' }
    expect((await load('data: { dir: kept }', env)).dataDir).toBe(resolve('e'))
    expect((await load('data: { dir: kept }', env, { dataDir: 'f' })).dataDir).toBe(resolve('f'))
    expect((await load('')).dataDir).toBe(resolve('.sightline'))
  })
})

describe('a recipe file on the command line', () => {
  it('is named after what it says; another YAML file is told so by its own name', () => {
    const file = join(dir, 'recipes', 'demo@1.recipe.yaml')
    expect(recipePlace(file)).toEqual({ dir: join(dir, 'recipes'), id: 'demo@1' })
    const mine = join(dir, 'mine.yaml')
    const refused = `found ${mine}, which does not exist`
    expect(() => recipePlace(mine)).toThrow(refused)
    writeFileSync(mine, JSON.stringify(recipe([pass])))
    expect(() => recipePlace(mine)).toThrow(
      /^CFG_USAGE: .* a file named id@version\.recipe\.yaml, .*mine\.yaml$/,
    )
  })
})

describe('the certificate of a line', () => {
  it('lies beside the line file, wherever the line is started', async () => {
    const { spec } = await load('dashboard: { https: { certificate: certs/l.crt, key: /etc/l.key } }')
    expect(spec.dashboard.https).toEqual({
      port: 8443,
      certificate: join(dir, 'certs/l.crt'),
      key: resolve('/etc/l.key'),
    })
  })

  it('has a key', async () => {
    await expect(load('dashboard: { https: { certificate: l.crt } }')).rejects.toMatchObject({
      code: 'CFG_INVALID',
      detail: { path: 'dashboard.https.key' },
    })
  })
})

describe('records from where a relative data directory lay before', () => {
  it('are not left behind in silence', async () => {
    const [was, now] = ['was', 'now'].map((name) => join(dir, name)) as [string, string]
    const records = (folder: string): void => {
      mkdirSync(join(folder, 'kept'), { recursive: true })
      writeFileSync(join(folder, 'kept', 'trace.db'), '')
    }
    records(was)
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(was)
    try {
      await expect(load('data: { dir: kept }')).rejects.toMatchObject({
        code: 'CFG_INVALID',
        detail: { path: 'data.dir', line: 6 },
      })
      expect((await load(`data: { dir: ${now} }`)).dataDir).toBe(now)
      records(dir)
      expect((await load('data: { dir: kept }')).dataDir).toBe(join(dir, 'kept'))
    } finally {
      cwd.mockRestore()
      rmSync(join(dir, 'kept'), { recursive: true, force: true })
    }
  })
})

describe('the environment in a line file', () => {
  it('fills values as they are', async () => {
    const { spec } = await load('', { IMAGES: '/mnt/a, b: {#1}', BUDGET: '700' })
    expect(spec.stations[0]).toMatchObject({ camera: { path: resolve('/mnt/a, b: {#1}') }, budgetMs: 700 })
    expect((await load('')).spec.stations[0]?.camera).toMatchObject({ path: join(dir, 'images') })
  })

  it('is refused at its place where a variable is not set or of another kind', async () => {
    await expect(load('plant: ${NOT_SET}')).rejects.toThrow(
      /CFG_INVALID.*l\.line\.yaml, line 6, plant\); expected the environment variable NOT_SET/,
    )
    await expect(load('plant: ${plant}')).rejects.toThrow(
      /CFG_INVALID.*line 6, plant\); expected `\$\{NAME\}`/,
    )
    await expect(load('', { BUDGET: 'soon' })).rejects.toThrow(
      /CFG_INVALID.*line 5, stations\[0\]\.budgetMs\); expected number; found "soon"/,
    )
  })
})
