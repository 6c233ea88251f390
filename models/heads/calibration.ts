/**
 * Mean negative log likelihood of the true classes when logits are divided by `temperature`.
 *
 * @param stands how much each row counts; default 1
 */
export function crossEntropy(
  logits: readonly Float64Array[],
  labels: readonly number[],
  temperature: number,
  stands?: readonly number[],
): number {
  let sum = 0
  let rows = 0
  logits.forEach((row, i) => {
    const top = Math.max(...row) / temperature
    let total = 0
    for (const v of row) total += Math.exp(v / temperature - top)
    const weight = stands?.[i] ?? 1
    sum += weight * (Math.log(total) + top - (row[labels[i] ?? 0] ?? 0) / temperature)
    rows += weight
  })
  return sum / Math.max(1, rows)
}

/**
 * The temperature that makes probabilities honest on rows the head was not fitted to (Guo et al. 2017, "On calibration
 * of modern neural networks"): golden-section search over its logarithm, within a factor of 20.
 */
export function fitTemperature(
  logits: readonly Float64Array[],
  labels: readonly number[],
  stands?: readonly number[],
): number {
  const loss = (log: number): number => crossEntropy(logits, labels, Math.exp(log), stands)
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [-Math.log(20), Math.log(20)]
  while (high - low > 1e-4) {
    const a = high - ratio * (high - low)
    const b = low + ratio * (high - low)
    if (loss(a) < loss(b)) high = b
    else low = a
  }
  return Math.exp((low + high) / 2)
}

const BINS = 15

/**
 * Expected calibration error (Guo et al. 2017, equation 3): mean difference of confidence and accuracy over 15 bins of
 * equal width, weighted by how many rows each holds. 0 = honest, 1 = always wrong and sure.
 *
 * @param temperatures divisor of each row's logits
 */
export function calibrationError(
  logits: readonly Float64Array[],
  labels: readonly number[],
  temperatures: readonly number[],
): number {
  const sums = new Float64Array(BINS)
  logits.forEach((row, i) => {
    const top = Math.max(...row)
    let total = 0
    for (const v of row) total += Math.exp((v - top) / (temperatures[i] ?? 1))
    const confidence = 1 / total
    const bin = Math.min(BINS - 1, Math.ceil(confidence * BINS) - 1)
    sums[bin] = (sums[bin] ?? 0) + (row.indexOf(top) === labels[i] ? 1 : 0) - confidence
  })
  return sums.reduce((a, b) => a + Math.abs(b), 0) / Math.max(1, logits.length)
}
