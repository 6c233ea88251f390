import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLine } from '../../bin/line/config.ts'
import { checkGoldens } from '../../bin/line/golden.ts'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { paths } from '../../bin/setup/paths.ts'

describe('the golden template of a recipe', () => {
  let dir: string
  let sha256: string
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sightline-golden-'))
    mkdirSync(join(dir, 'recipes'))
    const mark = { create: { width: 12, height: 12, channels: 3, background: '#101010' } } as const
    const golden = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c0c0c0' } })
      .composite([{ input: await sharp(mark).png().toBuffer(), left: 20, top: 20 }])
      .greyscale()
      .png()
      .toBuffer()
    writeFileSync(join(dir, 'recipes', 'golden.png'), golden)
    sha256 = createHash('sha256').update(golden).digest('hex')
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  const check = async (over: { widthPx?: number; threshold?: number }) => {
    const widthPx = over.widthPx ?? 64
    const recipe = {
      recipe: 'r',
      version: 1,
      title: { en: 'R', zh: 'R' },
      product: { id: 'p', revision: 'A' },
      view: { name: 'top', widthPx, heightPx: 64, color: 'mono' },
      golden: { from: 'file', file: 'golden.png', sha256 },
      gate: {},
      tools: [{ id: 'b', use: 'blob@1', polarity: 'dark', threshold: over.threshold ?? 60 }],
      rules: [
        {
          id: 'dark',
          when: 'findings.size() > 0',
          verdict: 'fail',
          severity: 'major',
          disposition: 'scrap',
          reason: { en: 'dark', zh: '暗' },
        },
        {
          id: 'ok',
          when: 'true',
          verdict: 'pass',
          severity: 'minor',
          disposition: 'release',
          reason: { en: 'ok', zh: '好' },
        },
      ],
    }
    writeFileSync(join(dir, 'recipes', 'r@1.recipe.yaml'), JSON.stringify(recipe))
    const line = join(dir, 'l.line.yaml')
    writeFileSync(
      line,
      JSON.stringify({
        line: 'l',
        title: { en: 'L', zh: 'L' },
        stations: [{ id: 's', camera: { adapter: 'http-push', port: 0 }, recipe: 'r@1', budgetMs: 1000 }],
      }),
    )
    const environment = readEnvironment({})
    return checkGoldens(await loadLine(line, environment, {}, {}), environment)
  }

  it('that the recipe passes is fine, and one that it fails is warned of', async () => {
    expect(await check({ threshold: 5 })).toEqual([])
    expect(await check({})).toEqual([
      {
        recipe: 'r@1',
        kind: 'golden',
        text: {
          en: expect.stringContaining('the golden template itself is judged fail'),
          zh: expect.stringContaining('黄金模板自身的判定为 fail'),
        },
      },
    ])
  }, 60_000)

  it('that can never be judged is refused', async () => {
    await expect(check({ widthPx: 80 })).rejects.toMatchObject({
      message: expect.stringMatching(/80 × 64|can judge its own golden template/),
    })
  }, 60_000)

  it('is judged also where the providers of the line are not', async () => {
    cpSync(join(paths.lines, 'recipes'), join(dir, 'other', 'recipes'), { recursive: true })
    const line = join(dir, 'other', 'sample.line.yaml')
    writeFileSync(
      line,
      `providers: [tensorrt]\n${readFileSync(join(paths.lines, 'sample.line.yaml'), 'utf8')}`,
    )
    const environment = readEnvironment({})
    expect(await checkGoldens(await loadLine(line, environment, {}, {}), environment)).toEqual([])
  }, 60_000)
})
