import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  CompactRange,
  consistencyProof,
  inclusionProof,
  leafHash,
  TileTree,
  TileWriter,
  verifyConsistency,
  verifyInclusion,
} from '../../traceability/index.ts'

const SEED = 20260401
const SIZE = 700

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sightline-tiles-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const entry = (i: number): string => JSON.stringify({ event: i })

/** Writes up to each of the sizes, from the files alone, as after a stop or a crash behind each checkpoint. */
function write(dir: string, sizes: readonly number[]): void {
  let done = 0
  for (const size of sizes) {
    const writer = new TileWriter(dir, done, true)
    for (; done < size; done++) writer.append(leafHash(entry(done)), entry(done))
    writer.flush()
  }
}

const files = (dir: string): Map<string, string> =>
  new Map(
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(dir, name)).isFile())
      .map((name) => [name, readFileSync(join(dir, name)).toString('hex')]),
  )

it(`tiles are the same however often the writing began again, seed ${SEED}`, { timeout: 60_000 }, () => {
  const whole = join(base, 'whole')
  write(whole, [SIZE])
  const wanted = files(whole)
  let run = 0
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: SIZE - 1 }), { maxLength: 6 }), (stops) => {
      const dir = join(base, `run-${++run}`)
      write(dir, [...stops.sort((a, b) => a - b), SIZE])
      const found = files(dir)
      for (const [name, bytes] of wanted) expect(found.get(name), name).toBe(bytes)
      // A crash before the checkpoint: the same leaves are written over files that are there already.
      write(dir, [...stops.slice(0, 1), SIZE])
      for (const [name, bytes] of wanted) expect(files(dir).get(name), name).toBe(bytes)
    }),
    { seed: SEED, numRuns: 8 },
  )
})

it(`proofs made from tiles verify, at every size that was written, seed ${SEED}`, { timeout: 60_000 }, () => {
  const roots = [new CompactRange()]
  for (let i = 0; i < SIZE; i++) {
    const next = new CompactRange(i, roots[i]?.nodes())
    next.append(leafHash(entry(i)))
    roots.push(next)
  }
  const root = (size: number): Buffer => roots[size]?.root() ?? Buffer.alloc(0)
  const sizes = [1, 2, 255, 256, 257, 300, 512, 513, SIZE]
  write(base, sizes)
  for (const size of sizes)
    expect(new TileTree(base, size).root().equals(root(size)), String(size)).toBe(true)
  fc.assert(
    fc.property(fc.constantFrom(...sizes), fc.constantFrom(...sizes), fc.nat(), (a, b, n) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)]
      const tree = new TileTree(base, second)
      const index = n % second
      const path = inclusionProof(tree, index, second)
      expect(verifyInclusion(index, second, leafHash(entry(index)), path, root(second))).toBe(true)
      const proof = consistencyProof(tree, first, second)
      expect(verifyConsistency(first, second, root(first), root(second), proof)).toBe(true)
      expect(tree.entries(Math.floor(index / 256))?.[index % 256]).toBe(entry(index))
    }),
    { seed: SEED, numRuns: 200 },
  )
})

it('a tree of 70,000 has the tiles that c2sp.org/tlog-tiles counts', { timeout: 60_000 }, () => {
  const writer = new TileWriter(base, 0, false)
  const leaf = leafHash('x')
  const range = new CompactRange()
  for (let i = 0; i < 70_000; i++) {
    writer.append(leaf, '')
    range.append(leaf)
  }
  writer.flush()
  const found = [...files(join(base, 'tile')).entries()]
  const at = (level: string, bytes: number): string[] =>
    found
      .filter(([name, hex]) => name.startsWith(`${level}/`) && hex.length === bytes * 2)
      .map(([name]) => name)
  expect(at('0', 8_192)).toHaveLength(273)
  expect(at('0', 112 * 32)).toEqual(['0/273.p/112'])
  expect(at('1', 8_192)).toEqual(['1/000'])
  expect(at('1', 17 * 32)).toEqual(['1/001.p/17'])
  expect(at('2', 32)).toEqual(['2/000.p/1'])
  expect(found).toHaveLength(277)
  expect(new TileTree(base, 70_000).root().equals(range.root())).toBe(true)
})
