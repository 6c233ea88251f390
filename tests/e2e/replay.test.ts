import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Replay } from '../../bin/commands/replay.ts'
import { exportSampleBoards } from '../../datasets/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-replay-'))
const recipes = join(dir, 'recipes')
const delivered = resolve(import.meta.dirname, '../../lines/recipes')
const RECIPE = 'deeppcb-pair@1.recipe.yaml'

/** Four pairs, of which each design has one template. */
beforeAll(async () => {
  mkdirSync(recipes)
  copyFileSync(join(delivered, RECIPE), join(recipes, RECIPE))
  await exportSampleBoards(join(dir, 'boards'), {
    count: 4,
    seed: 3,
    products: 2,
    valShare: 0.5,
    cleanShare: 0,
  })
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const serve = async (name: string, raw: boolean): Promise<string> => {
  const file = join(dir, `${name}.line.yaml`)
  const camera = {
    adapter: 'replay',
    dataset: 'deeppcb',
    path: 'boards',
    rate: 'max',
    backPressure: 'wait',
    raw,
  }
  writeFileSync(
    file,
    stringify({
      line: name,
      title: { zh: '回放', en: 'Replay' },
      stations: [{ id: 'pair', camera, recipe: 'deeppcb-pair@1', budgetMs: 20_000 }],
      workers: 1,
      frames: { slots: 4, slotBytes: 2_097_152 },
      dashboard: { port: 0 },
    }),
  )
  const data = join(dir, `${name}-data`)
  expect(await runCli(['serve', file, '--once', '--no-supervisor', '--data', data])).toMatchObject({
    code: 0,
  })
  return data
}
const serials = async (data: string): Promise<{ serial: string; golden: string[] }[]> => {
  const query = openTraceQuery(data)
  try {
    const rows = await query.recentParts({ limit: 100 })
    return await Promise.all(
      rows.map(async ({ serial, inspectionId }) => ({
        serial,
        golden: ((await query.part(inspectionId))?.images ?? [])
          .filter((i) => i.role === 'golden')
          .map((i) => i.sha256),
      })),
    )
  } finally {
    query.close()
  }
}
const replay = async (
  data: string,
  serial: string,
): Promise<{ code: number | null; said: Replay; stderr: string }> => {
  const { code, stdout, stderr } = await runCli(['replay', serial, '--data', data, '--recipes', recipes])
  return { code, said: JSON.parse(stdout || 'null') as Replay, stderr }
}

describe('a verdict of the pair model', () => {
  it.each([
    ['encoded', false],
    ['raw', true],
  ])(
    'of %s frames is the same byte for byte from the store alone',
    async (name, raw) => {
      const data = await serve(name, raw)
      const parts = await serials(data)
      expect(parts).toHaveLength(4)
      for (const { golden } of parts) expect(golden).toHaveLength(1)
      const templates = new Set(parts.flatMap((p) => p.golden))
      // Two designs, one template each, however often it came.
      if (!raw) expect(templates.size).toBeLessThanOrEqual(4)
      const verified = await runCli(['verify', data])
      expect(verified.code).toBe(0)
      const { code, said } = await replay(data, parts[0]?.serial ?? '')
      expect(said).toMatchObject({ recipe: 'deeppcb-pair@1', withdrawn: null, differs: [] })
      expect(code).toBe(0)

      // A template that is not what was judged with is found out.
      const [hash = ''] = parts[0]?.golden ?? []
      const folder = join(data, 'images', hash.slice(0, 2), hash.slice(2, 4))
      const file = join(folder, readdirSync(folder).find((f) => f.startsWith(hash)) ?? '')
      const bytes = readFileSync(file)
      writeFileSync(file, Buffer.concat([bytes, Buffer.from([0])]))
      const altered = await replay(data, parts[0]?.serial ?? '')
      expect(altered.code).toBe(1)
      expect(altered.stderr).toMatch(/^TRC_IMAGE/)
      expect((await runCli(['verify', data])).code).toBe(3)
    },
    180_000,
  )

  it('that was altered in a recipe of the same name is refused', async () => {
    const data = join(dir, 'encoded-data')
    const file = join(recipes, RECIPE)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('threshold: 0.3', 'threshold: 0.9'))
    const { code, stderr } = await replay(data, (await serials(data)).at(-1)?.serial ?? '')
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected the recipe as it was')])
    rmSync(file)
    const gone = await replay(data, (await serials(data)).at(-1)?.serial ?? '')
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringMatching(/CFG_MISSING_FILE.*--recipes/)])
    writeFileSync(file, text)
  }, 60_000)
})
