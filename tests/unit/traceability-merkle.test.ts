import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CompactRange, leafHash } from '../../traceability/index.ts'

/** Leaves of the RFC 6962 test data of certificate-transparency (merkletree/merkle_tree_test.cc), hex. */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]

/** Roots after 0..8 leaves: same source. */
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('RFC 6962 tree', () => {
  it('reproduces the published roots, one leaf after the other', () => {
    const tree = new CompactRange()
    const roots = [tree.root().toString('hex')]
    for (const leaf of LEAVES) {
      tree.append(leafHash(Buffer.from(leaf, 'hex')))
      roots.push(tree.root().toString('hex'))
    }
    expect(roots).toEqual(ROOTS)
  })

  it('goes on from its stored nodes at every size', () => {
    LEAVES.forEach((_, size) => {
      const first = new CompactRange()
      for (const leaf of LEAVES.slice(0, size)) first.append(leafHash(Buffer.from(leaf, 'hex')))
      const second = new CompactRange(first.size, first.nodes())
      for (const leaf of LEAVES.slice(size)) second.append(leafHash(Buffer.from(leaf, 'hex')))
      expect(second.root().toString('hex')).toBe(ROOTS[8])
    })
  })

  it('leads to another root by what has not the length of a leaf hash', () => {
    const roots = [leafHash('a'), leafHash('a').subarray(1), new Uint8Array(0), new Uint8Array(64)].map(
      (leaf) => {
        const tree = new CompactRange()
        for (const each of [leafHash('b'), leaf, leafHash('c')]) tree.append(each)
        return tree.root().toString('hex')
      },
    )
    expect(new Set(roots).size).toBe(4)
  })

  it('refuses nodes of another size', () => {
    expect(() => new CompactRange(3, new Uint8Array(32))).toThrow(/TRC_OPEN/)
  })
})

const samples = process.env['SIGHTLINE_SAMPLES'] ?? join(import.meta.dirname, '../../../shared/data')
const vectors = join(samples, 'standards/rfc6962/inclusion')

describe.skipIf(!existsSync(vectors))(`inclusion vectors (${vectors})`, () => {
  it('has the roots and leaf hashes of every happy path', () => {
    let seen = 0
    for (const dir of readdirSync(vectors)) {
      const file = join(vectors, dir, 'happy-path.json')
      if (!existsSync(file)) continue
      const v = JSON.parse(readFileSync(file, 'utf8')) as {
        leafIdx: number
        treeSize: number
        root: string
        leafHash: string
      }
      const tree = new CompactRange()
      for (const leaf of LEAVES.slice(0, v.treeSize)) tree.append(leafHash(Buffer.from(leaf, 'hex')))
      expect(tree.root().toString('base64')).toBe(v.root)
      expect(leafHash(Buffer.from(LEAVES[v.leafIdx] ?? '', 'hex')).toString('base64')).toBe(v.leafHash)
      seen += 1
    }
    expect(seen).toBeGreaterThan(0)
    expect(createHash('sha256').digest('hex')).toBe(ROOTS[0])
  })
})
