/**
 * Affine quantisation, real = scale x (whole - zero) (Jacob et al. 2018, "Quantization and training of neural networks
 * for efficient integer-arithmetic-only inference", equation 1).
 */

const UINT8_MAX = 255
/** Symmetric: -128 stays unused, so that the range is alike on both sides. With 7 bits, two products fit into int16. */
const WEIGHT_MAX = { 7: 64, 8: 127 } as const
/** Bias and accumulator are int32; half of the range is left for the sum of the products. */
const BIAS_MAX = 2 ** 30

/** Nearest whole number, halves to the even one, as QuantizeLinear rounds. */
export function roundEven(x: number): number {
  const low = Math.floor(x)
  const part = x - low
  if (part !== 0.5) return part < 0.5 ? low : low + 1
  return low % 2 === 0 ? low : low + 1
}

/** Scale and zero of an activation with values from `min` to `max`; 0 is always met exactly, since padding is 0. */
export function activationScale(min: number, max: number): { scale: number; zero: number } {
  const low = Math.min(0, min)
  const high = Math.max(0, max)
  const scale = Math.fround((high - low) / UINT8_MAX)
  if (!(scale > 0)) return { scale: 1, zero: 0 }
  return { scale, zero: Math.min(UINT8_MAX, Math.max(0, roundEven(-low / scale))) }
}

/**
 * Weights as int8 around 0, one scale for each output channel.
 *
 * @param weights  [outer][channels][inner], read only
 * @param bias     [channels], or null; a channel whose bias would not fit into int32 gets a larger scale
 * @param input    scale of the activation the weights are multiplied with
 * @param bits     8, or 7 for processors whose products of 8 bits saturate
 * @param whole    as `weights`, overwritten
 * @param scales   [channels], overwritten
 */
export function quantiseWeights(
  weights: Float32Array,
  bias: Float32Array | null,
  { outer, channels, inner }: { outer: number; channels: number; inner: number },
  input: number,
  bits: 7 | 8,
  whole: Int8Array,
  scales: Float32Array,
): void {
  const most = WEIGHT_MAX[bits]
  for (let c = 0; c < channels; c++) {
    let largest = 0
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++)
        largest = Math.max(largest, Math.abs(weights[(o * channels + c) * inner + i]!))
    const needed = bias === null ? 0 : Math.abs(bias[c]!) / (input * BIAS_MAX)
    const scale = Math.fround(Math.max(largest / most, needed)) || 1
    scales[c] = scale
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const at = (o * channels + c) * inner + i
        whole[at] = Math.min(most, Math.max(-most, roundEven(Math.fround(weights[at]! / scale))))
      }
  }
}

/** Bias as int32 in units of input scale x weight scale, the unit of the accumulator. */
export function quantiseBias(
  bias: Float32Array,
  input: number,
  scales: Float32Array,
  whole: Int32Array,
  units: Float32Array,
): void {
  for (let c = 0; c < bias.length; c++) {
    units[c] = input * scales[c]!
    whole[c] = roundEven(Math.fround(bias[c]! / units[c]!))
  }
}
