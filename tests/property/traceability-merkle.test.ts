import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import fc from 'fast-check'
import { CompactRange, leafHash } from '../../traceability/index.ts'

const SEED = 20260105

/** MTH(D[n]) as RFC 6962, 2.1 defines it: split at the largest power of two below n. */
function mth(leaves: readonly Uint8Array[]): Buffer {
  const [first] = leaves
  if (first === undefined) return createHash('sha256').digest()
  if (leaves.length === 1) return createHash('sha256').update(Uint8Array.of(0)).update(first).digest()
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return createHash('sha256')
    .update(Uint8Array.of(1))
    .update(mth(leaves.slice(0, k)))
    .update(mth(leaves.slice(k)))
    .digest()
}

it(`a compact range has the root of the recursive definition, seed ${SEED}`, () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 }), fc.nat(70), (leaves, cut) => {
      let tree = new CompactRange()
      leaves.forEach((leaf, i) => {
        if (i === cut) tree = new CompactRange(tree.size, tree.nodes())
        tree.append(leafHash(leaf))
      })
      expect(tree.root().toString('hex')).toBe(mth(leaves).toString('hex'))
    }),
    { seed: SEED },
  )
})
