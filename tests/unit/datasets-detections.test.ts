import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { evaluate, makeDetectionsFolder, openDataset } from '../../datasets/index.ts'
import { datasetFolder } from './samples/dataset-folder.ts'
import { noModels, recipeOf } from './samples/inspection-recipes.ts'

const at = datasetFolder()
const recipe = recipeOf(
  [20, 10],
  [{ id: 'b', use: 'blob@1', class: 'stain', polarity: 'dark', threshold: 10, minAreaPx: 1 }],
)

describe('detections that could not be written are refused before anything is judged', () => {
  const judge = async (exported: 'name' | 'number') => {
    const seen: number[] = []
    const ended = evaluate({
      dataset: await openDataset(at.dir),
      models: noModels,
      subject: { kind: 'recipe', source: { recipe, dir: at.dir } },
      workers: 1,
      exported,
      onProgress: (done) => seen.push(done),
    })
    return { error: await ended.then(() => null).catch((e: unknown) => String(e)), seen }
  }

  it('where two images share a name', async () => {
    await at.tree({ 'ok/1.jpg': null, 'stain/1.jpg': null })
    const { error, seen } = await judge('name')
    expect(error).toMatch(/CFG_USAGE.*--detections.*names that differ.*found ok\/1\.jpg and stain\/1\.jpg/)
    expect(seen).toEqual([])
  })

  it('where the set has no number for a class', async () => {
    await at.tree({ 'ok/1.jpg': null, 'dent/2.jpg': null })
    const { error, seen } = await judge('number')
    expect(error).toMatch(/CFG_USAGE.*--detection-type.*a class of dent, ok; found stain/)
    expect(seen).toEqual([])
    expect((await judge('name')).error).toBeNull()
  })

  it('where files of another evaluation are in the folder', async () => {
    const out = join(at.dir, 'out')
    await makeDetectionsFolder(out)
    await writeFile(join(out, 'old.txt'), '')
    await expect(makeDetectionsFolder(out)).rejects.toThrow(
      /CFG_USAGE.*without \.txt.*found 1, first old\.txt/,
    )
  })
})
