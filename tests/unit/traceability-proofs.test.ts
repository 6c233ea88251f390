import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  CompactRange,
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  type TreeHashes,
  verifyConsistency,
  verifyInclusion,
} from '../../traceability/index.ts'
import { describeWith } from '../services/require-service.ts'

/** The seven leaves d0..d6 of the worked example of RFC 6962, 2.1.3; hashes by hand from its definitions. */
const D = [0, 1, 2, 3, 4, 5, 6].map((i) => leafHash(`d${i}`))
const at = (i: number): Buffer => D[i] ?? Buffer.alloc(0)
const g = nodeHash(at(0), at(1))
const h = nodeHash(at(2), at(3))
const i = nodeHash(at(4), at(5))
const k = nodeHash(g, h)
const l = nodeHash(i, at(6))

const tree: TreeHashes = {
  node(level, index) {
    const range = new CompactRange()
    for (const leaf of D.slice(index * 2 ** level, (index + 1) * 2 ** level)) range.append(leaf)
    return range.root()
  },
}
const root = (size: number): Buffer => {
  const range = new CompactRange()
  for (const leaf of D.slice(0, size)) range.append(leaf)
  return range.root()
}

describe('worked example of RFC 6962, 2.1.3', () => {
  it('has the audit paths of d0, d3, d4, d6 in the tree of seven', () => {
    expect(inclusionProof(tree, 0, 7)).toEqual([at(1), h, l])
    expect(inclusionProof(tree, 3, 7)).toEqual([at(2), g, l])
    expect(inclusionProof(tree, 4, 7)).toEqual([at(5), at(6), k])
    expect(inclusionProof(tree, 6, 7)).toEqual([i, k])
  })

  it('has the consistency proofs of 3, 4, 6 with 7', () => {
    expect(consistencyProof(tree, 3, 7)).toEqual([at(2), at(3), g, l])
    expect(consistencyProof(tree, 4, 7)).toEqual([l])
    expect(consistencyProof(tree, 6, 7)).toEqual([i, at(6), k])
  })

  it('verifies every proof it makes, and no other place, size or root', () => {
    for (let size = 1; size <= 7; size++)
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(tree, index, size)
        expect(verifyInclusion(index, size, at(index), proof, root(size))).toBe(true)
        for (let other = 0; other < size; other++)
          if (other !== index) expect(verifyInclusion(other, size, at(index), proof, root(size))).toBe(false)
        expect(verifyInclusion(index, size, at(index), proof, root(size - 1))).toBe(false)
      }
    for (let second = 1; second <= 7; second++)
      for (let first = 1; first <= second; first++) {
        const proof = consistencyProof(tree, first, second)
        expect(verifyConsistency(first, second, root(first), root(second), proof)).toBe(true)
        expect(verifyConsistency(first, second, root(first - 1), root(second), proof)).toBe(false)
      }
  })

  it('refuses indices, sizes and hashes that cannot be', () => {
    const proof = inclusionProof(tree, 0, 7)
    for (const [index, size] of [
      [7, 7],
      [-1, 7],
      [0.5, 7],
      [0, Number.NaN],
      [0, 2 ** 60],
    ] as const)
      expect(verifyInclusion(index, size, at(0), proof, root(7))).toBe(false)
    expect(verifyInclusion(0, 7, at(0), [at(1).subarray(1), h, l], root(7))).toBe(false)
    expect(verifyConsistency(0, 7, root(0), root(7), [])).toBe(false)
  })
})

const samples = process.env['SIGHTLINE_SAMPLES'] ?? join(import.meta.dirname, '../../../shared/data')
const vectors = join(samples, 'standards/rfc6962')

interface Vector {
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  wantErr: boolean
}

const files = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? files(path) : path.endsWith('.json') ? [path] : []
  })
const bytes = (text: string): Buffer => Buffer.from(text, 'base64')

describeWith('SIGHTLINE_SAMPLES', existsSync(vectors), 'proof vectors of transparency-dev/merkle', () => {
  it.each(['inclusion', 'consistency'])('agrees with every vector of %s', (kind) => {
    const wrong: string[] = []
    const all = files(join(vectors, kind))
    for (const file of all) {
      const v = JSON.parse(readFileSync(file, 'utf8')) as Vector
      const proof = (v.proof ?? []).map(bytes)
      const ok =
        kind === 'inclusion'
          ? verifyInclusion(v.leafIdx, v.treeSize, bytes(v.leafHash), proof, bytes(v.root))
          : verifyConsistency(v.size1, v.size2, bytes(v.root1), bytes(v.root2), proof)
      if (ok === v.wantErr) wrong.push(file)
    }
    expect(wrong).toEqual([])
    expect(all.length).toBeGreaterThan(80)
  })
})
