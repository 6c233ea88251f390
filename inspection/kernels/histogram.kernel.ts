/**
 * Adds the grey levels of `src[from..to)` to `out`.
 *
 * @param out 256 counts, added to
 */
export function addHistogram(src: Uint8Array, from: number, to: number, out: Int32Array): void {
  for (let i = from; i < to; i++) out[src[i]!]!++
}

/** As addHistogram, over the pixels where `roi` is not zero. */
export function addMaskedHistogram(src: Uint8Array, roi: Uint8Array, out: Int32Array): void {
  for (let i = 0; i < roi.length; i++) if (roi[i] !== 0) out[src[i]!]!++
}
