import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { queuePrefix } from '../../bin/line/inspector.ts'
import { judgingProgram, judgingSha, moduleProgram } from '../../bin/setup/judging-sha.ts'

const root = join(import.meta.dirname, '../..')
const dir = mkdtempSync(join(tmpdir(), 'sightline-program-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('keeps frames from a worker host that judges by other code of the same version', () => {
  for (const folder of ['contracts', 'inspection', 'models'])
    cpSync(join(root, folder), join(dir, folder), {
      recursive: true,
      filter: (path) => !/\/models\/(?:packages|export)/u.test(path),
    })
  expect(judgingSha(dir)).toBe(judgingSha())
  expect(queuePrefix({ plant: 'p', line: 'l' })).toContain(`-${judgingSha()}:p:l`)
  const edit = (file: string, line: string): void => appendFileSync(join(dir, file), line)
  // Left behind by an earlier build, or of another matter: no judgement is made with it.
  writeFileSync(join(dir, 'inspection/rules/gone.ts'), 'export const gone = 1\n')
  edit('models/training/pack-pcb-pair.ts', '\n// changed\n')
  expect(judgingSha(dir)).toBe(judgingSha())
  // The sums of the focus measure are of a module of its own, which no import names.
  for (const file of ['inspection/kernels/sharpness.wasm', 'inspection/rules/compile.ts']) {
    const before = judgingSha(dir)
    edit(file, '\n// changed\n')
    expect(judgingSha(dir)).not.toBe(before)
  }
})

it('has evaluations and modules computed by the same code as here', () => {
  expect(judgingProgram()).toContain(judgingSha())
  expect(moduleProgram()).toMatch(/-[\da-f]{16}$/u)
  expect(moduleProgram()).not.toBe(judgingProgram())
})
