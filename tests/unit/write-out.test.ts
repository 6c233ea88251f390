import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkOuts } from '../../bin/terminal/write-out.ts'

const dir = mkdtempSync(join(tmpdir(), 'outs-'))
afterAll(() => rmSync(dir, { recursive: true }))
const at = (name: string): string => join(dir, name)
const asked = (report: string, json: string): Promise<string> =>
  checkOuts([
    { flag: '--report', file: at(report) },
    { flag: '--json', file: at(json) },
  ]).then(() => 'ok', String)

describe('files that an evaluation writes', () => {
  it('are two: one would overwrite the other', async () => {
    expect(await asked('one.html', './x/../one.html')).toMatch(
      /CFG_USAGE.*--json.*another file than --report/,
    )
    expect(existsSync(at('one.html'))).toBe(false)
    writeFileSync(at('two.html'), 'before')
    symlinkSync(at('two.html'), at('soft.json'))
    linkSync(at('two.html'), at('hard.json'))
    expect(await asked('two.html', 'soft.json')).toMatch(/CFG_USAGE.*--json/)
    expect(await asked('two.html', 'hard.json')).toMatch(/CFG_USAGE.*--json/)
    expect(readFileSync(at('two.html'), 'utf8')).toBe('before')
  })

  it('are no images, whose names somebody gave by mistake', async () => {
    writeFileSync(at('part.PNG'), 'pixels')
    expect(await asked('part.PNG', 'r.json')).toMatch(/CFG_USAGE.*--report.*no image.*part\.PNG/)
    expect(await asked('r.html', 'part.PNG')).toMatch(/CFG_USAGE.*--json.*no image/)
    expect(readFileSync(at('part.PNG'), 'utf8')).toBe('pixels')
  })

  it('may be there from an evaluation before', async () => {
    writeFileSync(at('r.html'), 'old')
    writeFileSync(at('r.json'), '{}')
    expect(await asked('r.html', 'r.json')).toBe('ok')
    expect(await asked('new.html', 'new.json')).toBe('ok')
    expect(readFileSync(at('r.html'), 'utf8')).toBe('old')
    expect(existsSync(at('new.html'))).toBe(false)
  })
})
