import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPartStore } from '../../traceability/index.ts'
import {
  at,
  context,
  failVerdict,
  gs1Code,
  passVerdict,
  request,
} from '../unit/samples/traceability-requests.ts'
import { runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-causes-cli-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

beforeAll(async () => {
  const store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
  // 10 of 20 parts of L7 are bad, none of 40 of L1: scipy.stats.fisher_exact([[10, 10], [0, 40]]) of SciPy 1.17.1.
  for (let n = 1; n <= 60; n++) {
    const codes = [gs1Code(`C${n}`)]
    const verdict = n % 6 === 0 ? failVerdict({ codes }) : passVerdict({ codes })
    await store.capture(request(n, verdict, { context: { ...context, lot: n % 3 === 0 ? 'L7' : 'L1' } }))
  }
  await store.close()
})

describe('sightline causes', () => {
  const run = (...args: string[]) => runCli(['causes', '--data', dir, ...args])

  it('prints the ranking, and gives it as CSV and JSON', async () => {
    const table = await run()
    expect(table.stdout).toMatch(/lot +L7 +10 +20 +50\.00 % .* yes/)
    expect(table.stdout).toContain('60 first judgements, 10 bad, 2 comparisons; named: material 1')
    const file = join(dir, 'causes.csv')
    await run('--format', 'csv', '--out', file, '--bom')
    expect(readFileSync(file).subarray(0, 3).toString('hex')).toBe('efbbbf')
    const [, first] = readFileSync(file, 'utf8').split('\r\n')
    expect(first).toMatch(/^lot,L7,,material,20,10,0\.5,0\.27/)
    const answer = JSON.parse((await run('--format', 'json', '--change', at(31))).stdout) as {
      causes: { p: number; odds: null }[]
      change: { n: number; beforeN: number }
    }
    expect(answer.causes[0]?.p).toBeCloseTo(2.4505389347752305e-6, 12)
    expect(answer.change).toMatchObject({ n: 30, beforeN: 30 })
  }, 180_000)

  it.each([
    [['--format', 'xml'], '--format table, csv or json'],
    [['--change', 'yesterday'], '--change'],
    [['--format', 'json', '--bom'], '--bom with --format csv'],
    [['--class', 'pit', '--each-class'], 'either --class or --each-class'],
  ])(
    'refuses %j',
    async (args, expected) => {
      const { code, stderr } = await run(...args)
      expect([code, stderr.includes('CFG_USAGE'), stderr.includes(expected)]).toEqual([2, true, true])
    },
    60_000,
  )
})
