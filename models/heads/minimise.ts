/** A function to minimise: value and gradient at a point. The gradient may be the function's own buffer. */
export type Objective = (at: Float64Array) => Promise<{ value: number; gradient: ArrayLike<number> }>

interface Point {
  value: number
  gradient: Float64Array
}

export interface MinimiseOptions {
  /** Steps at most. */
  steps: number
  /** Relative decrease below which a step does not count. */
  precision: number
  signal?: AbortSignal
}

/** Pairs that approximate the inverse Hessian. */
const MEMORY = 10
/** A step must lower the value by this share of what the slope promises (Armijo). */
const ENOUGH = 1e-4
/** And leave at most this share of the slope (weak Wolfe), so that the curvature stays positive. */
const FLAT = 0.9
/** Steps in a row without a decrease that counts. */
const STALLED = 3

/**
 * Smooth convex minimisation by L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5) with the bisecting line search
 * of Lewis and Overton (2013). TensorFlow.js has first-order optimisers only: on a convex problem they creep up to the
 * optimum that this one reaches in some dozen evaluations.
 *
 * @param start the first point; not changed
 * @returns the best point found
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  options: MinimiseOptions,
): Promise<{ at: Float64Array; value: number; steps: number }> {
  let at: Float64Array = Float64Array.from(start)
  let { value, gradient }: Point = owned(await objective(at))
  const pairs: { s: Float64Array; y: Float64Array; curvature: number }[] = []
  let stalled = 0
  let steps = 0
  for (; steps < options.steps && stalled < STALLED; steps++) {
    options.signal?.throwIfAborted()
    const direction = descent(gradient, pairs)
    let slope = dot(direction, gradient)
    if (!(slope < 0)) {
      // Rounding spoilt the approximation: begin again with the plain gradient.
      pairs.length = 0
      direction.set(gradient.map((g) => -g))
      slope = -dot(gradient, gradient)
    }
    if (slope === 0) break
    const length = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1
    const next = await search(objective, at, value, direction, slope, length)
    if (next === null) {
      if (pairs.length === 0) break
      pairs.length = 0
      stalled++
      continue
    }
    const s = next.at.map((v, i) => v - (at[i] ?? 0))
    const y = next.gradient.map((v, i) => v - (gradient[i] ?? 0))
    const curvature = dot(s, y)
    if (curvature > 1e-12 * dot(y, y)) {
      pairs.push({ s, y, curvature })
      if (pairs.length > MEMORY) pairs.shift()
    }
    stalled = value - next.value <= options.precision * Math.max(1e-3, Math.abs(value)) ? stalled + 1 : 0
    ;({ at, value, gradient } = next)
    // The event loop must breathe, so that a run can be cancelled.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { at, value, steps }
}

const owned = (r: Awaited<ReturnType<Objective>>): Point => ({
  value: r.value,
  gradient: Float64Array.from(r.gradient),
})

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** - H × gradient by the two loops. */
function descent(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; curvature: number }[],
): Float64Array {
  const q = gradient.map((g) => -g)
  const shares: number[] = []
  for (const { s, y, curvature } of pairs.toReversed()) {
    const share = dot(s, q) / curvature
    shares.unshift(share)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] ?? 0) - share * (y[i] ?? 0)
  }
  const last = pairs.at(-1)
  if (last) {
    const scale = last.curvature / dot(last.y, last.y)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] ?? 0) * scale
  }
  pairs.forEach(({ s, y, curvature }, n) => {
    const rest = (shares[n] ?? 0) - dot(y, q) / curvature
    for (let i = 0; i < q.length; i++) q[i] = (q[i] ?? 0) + rest * (s[i] ?? 0)
  })
  return q
}

/** A point along `direction` that meets both Wolfe conditions, or at least Armijo's; null when there is none. */
async function search(
  objective: Objective,
  from: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
  first: number,
): Promise<(Point & { at: Float64Array }) | null> {
  let low = 0
  let high = Infinity
  let length = first
  let best: (Point & { at: Float64Array }) | null = null
  for (let tries = 0; tries < 25; tries++) {
    const at = from.map((v, i) => v + length * (direction[i] ?? 0))
    const there = owned(await objective(at))
    if (!(there.value <= value + ENOUGH * length * slope)) high = length
    else {
      best = { at, ...there }
      if (dot(there.gradient, direction) >= FLAT * slope) return best
      low = length
    }
    length = high === Infinity ? 2 * low : (low + high) / 2
  }
  return best
}
