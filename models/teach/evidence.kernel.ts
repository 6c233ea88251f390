/** Steps and rate of Adam, and its decays (Kingma and Ba 2015); more steps move no score. */
const STEPS = 120
const BATCH = 2_048
const RATE = 0.05
const DECAYS = [0.9, 0.999] as const
/** Weights start near 0: a direction must earn its say. */
const START = -4

/**
 * Logistic regression of "at a defect" on the absolute values of the coordinates of residuals, both classes weighing the
 * same, with weights that cannot fall below 0 (softplus of what Adam moves): a larger residual is never better.
 *
 * @param rows [n][width], the first `defects` at defects
 * @returns [width], each above 0
 */
export function fitEvidence(
  rows: Float32Array,
  width: number,
  defects: number,
  random: () => number,
): Float32Array<ArrayBuffer> {
  const n = rows.length / width
  const theta = new Float64Array(width).fill(START)
  const weights = new Float64Array(width)
  const gradient = new Float64Array(width)
  const [first, second] = [new Float64Array(width + 1), new Float64Array(width + 1)]
  const sizes = rows.map(Math.abs)
  let bias = 0
  const bad = (): number => width * Math.floor(random() * defects)
  const good = (): number => width * (defects + Math.floor(random() * (n - defects)))
  const share = (sum: number): number => 1 / (1 + Math.exp(-sum))
  for (let step = 1; step <= STEPS; step++) {
    for (let k = 0; k < width; k++) weights[k] = Math.log1p(Math.exp(theta[k]!))
    gradient.fill(0)
    let slope = 0
    // half of each batch at defects weighs both classes the same; four rows at once take half the time of one by one
    for (let b = 0; b < BATCH; b += 4) {
      const [at0, at1, at2, at3] = [bad(), good(), bad(), good()]
      let [sum0, sum1, sum2, sum3] = [bias, bias, bias, bias]
      for (let k = 0; k < width; k++) {
        const w = weights[k]!
        sum0 += w * sizes[at0 + k]!
        sum1 += w * sizes[at1 + k]!
        sum2 += w * sizes[at2 + k]!
        sum3 += w * sizes[at3 + k]!
      }
      const [e0, e1] = [(share(sum0) - 1) / BATCH, share(sum1) / BATCH]
      const [e2, e3] = [(share(sum2) - 1) / BATCH, share(sum3) / BATCH]
      slope += e0 + e1 + e2 + e3
      for (let k = 0; k < width; k++)
        gradient[k]! +=
          e0 * sizes[at0 + k]! + e1 * sizes[at1 + k]! + e2 * sizes[at2 + k]! + e3 * sizes[at3 + k]!
    }
    const move = (i: number, g: number): number => {
      first[i] = DECAYS[0] * first[i]! + (1 - DECAYS[0]) * g
      second[i] = DECAYS[1] * second[i]! + (1 - DECAYS[1]) * g * g
      const [m, v] = [first[i]! / (1 - DECAYS[0] ** step), second[i]! / (1 - DECAYS[1] ** step)]
      return (RATE * m) / (Math.sqrt(v) + 1e-8)
    }
    for (let k = 0; k < width; k++) theta[k]! -= move(k, gradient[k]! / (1 + Math.exp(-theta[k]!)))
    bias -= move(width, slope)
  }
  return Float32Array.from(theta, (t) => Math.log1p(Math.exp(t)))
}
