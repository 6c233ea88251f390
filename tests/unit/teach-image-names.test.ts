import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { imageNames } from '../../bin/teach/image-names.ts'
import { type TaughtStep, teachPicture } from '../../bin/teach/picture.ts'
import { suspicious } from '../../models/teach/suspicious.ts'
import { platePng } from './samples/teach-parts.ts'

describe('names of taught images', () => {
  it.each<[string, string[], string[], string[]]>([
    ['are the file names', ['/d/a/1.png', '/d/a/2.png'], [], ['1.png', '2.png']],
    [
      'have their folder where two are alike',
      ['/d/a/1.png', '/d/b/1.png', '/d/b/2.png'],
      [],
      ['a/1.png', 'b/1.png', '2.png'],
    ],
    [
      'have as many folders as it takes',
      ['/x/a/1.png', '/y/a/1.png', '/y/b/1.png'],
      [],
      ['x/a/1.png', 'y/a/1.png', 'b/1.png'],
    ],
    [
      'are none that another image has',
      ['/d/new/1.png', '/d/new/2.png'],
      ['1.png', 'old/2.png'],
      ['new/1.png', '2.png'],
    ],
    ['reach to the root', ['/1.png', '/a/1.png'], [], ['/1.png', 'a/1.png']],
    ['are numbered for one file given twice', ['/d/1.png', '/d/1.png'], [], ['/d/1.png', '/d/1.png (2)']],
    ['are numbered where whole paths were taught before', ['/1.png'], ['1.png', '/1.png'], ['/1.png (2)']],
    [
      'are the file names where paths have backslashes',
      ['C:\\a\\1.png', 'C:\\b\\1.png'],
      [],
      ['a/1.png', 'b/1.png'],
    ],
  ])('%s', (_name, files, taken, names) => {
    expect(imageNames(files, taken)).toEqual(names)
  })
})

it('outliers are told by their place, since old teach data may have a name twice', () => {
  const scores = Array.from({ length: 20 }, (_, i) => (i % 5) / 100)
  expect(suspicious([...scores, 3, 2]).map((s) => s.image)).toEqual([20, 21])
  expect(suspicious(scores)).toEqual([])
})

describe('the picture of a taught image', () => {
  const root = mkdtempSync(join(tmpdir(), 'sightline-names-'))
  afterAll(() => rmSync(root, { recursive: true }))
  const step = (dir: string, remove: string[] = []): TaughtStep => ({
    source: { from: 'folder', dir: join(root, dir) },
    remove,
  })
  const none = () => Promise.resolve([])
  const ports = { questions: { goodParts: none, defectiveParts: none }, imagePath: () => null }
  const shown = async (name: string, ...steps: TaughtStep[]): Promise<string> =>
    (await teachPicture(name, steps, { ...ports, folders: [root] })).image

  it('is that of the first image of the name, until another has it after that one was taken out', async () => {
    for (const [n, dir] of ['a', 'b'].entries()) {
      mkdirSync(join(root, dir))
      writeFileSync(join(root, dir, '1.png'), await platePng(n))
    }
    const [a, b] = [await shown('1.png', step('a')), await shown('1.png', step('b'))]
    expect(a).not.toBe(b)
    const takenOut = { source: null, remove: ['1.png'] }
    expect(await shown('1.png', step('a'), step('b'))).toBe(a)
    expect(await shown('b/1.png', step('a'), step('b'))).toBe(b)
    expect(await shown('1.png', step('a'), step('b', ['1.png']))).toBe(a)
    expect(await shown('1.png', step('a'), takenOut)).toBe(a)
    expect(await shown('1.png', step('a'), takenOut, step('b'))).toBe(b)
    for (const name of ['c/1.png', '../a/1.png', '2.png'])
      await expect(shown(name, step('a'), step('b'))).rejects.toThrow(/API_NOT_FOUND/)
  })
})
