import { expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { learningCurve } from '../../models/teach/learning-curve.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'

it('is of the regions that count alone: what changes elsewhere says nothing about more images', async () => {
  // two cells of one number: the first shows the same part in every image, the second another background in each
  const good = Array.from({ length: 12 }, (_, i) => ({
    name: `g${i}`,
    sha256: String(i),
    embedding: Float32Array.of(1, 10 + 3 ** i),
  }))
  const groups = good.map((_, i) => i)
  const pool = openSessionPool(1)
  const matrices = await openMatrixSessions(pool)
  const context = {
    dims: 1,
    cells: 2,
    bankSize: 100,
    seed: 1,
    matrices,
    pool,
    checkCancelled: () => undefined,
  }
  try {
    const inside = await learningCurve({ good, damaged: [] }, groups, Float32Array.of(1, 0), context)
    expect(inside.points.map((p) => p.meanGood)).toEqual([0, 0, 0])
    expect(inside.enough).toBe(true)
    const whole = await learningCurve({ good, damaged: [] }, groups, null, context)
    expect(Math.min(...whole.points.map((p) => p.meanGood))).toBeGreaterThan(1_000)
  } finally {
    await pool.close()
  }
})
