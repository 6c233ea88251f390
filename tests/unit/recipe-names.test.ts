import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recipeNames } from '../../bin/life/routes.ts'

describe('the recipes that the page Models offers', () => {
  it('stand by version, so that the last one of a product is its newest', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-recipes-'))
    for (const name of ['cap@9', 'cap@10', 'cap@1', 'board@2', 'cap-top@3', 'cap@2'])
      writeFileSync(join(dir, `${name}.recipe.yaml`), '')
    writeFileSync(join(dir, 'cap@10.golden.png'), '')
    const names = await recipeNames(dir)
    expect(names.filter((name) => name.startsWith('cap@'))).toEqual(['cap@1', 'cap@2', 'cap@9', 'cap@10'])
    expect(names).toHaveLength(6)
    rmSync(dir, { recursive: true })
  })
})
