/**
 * Normalised cross-correlation (zero mean) of a patch with the image below it, -1..1; 0 where either is flat.
 * Lewis 1995, "Fast normalized cross-correlation", eq. 2.
 *
 * @param image  HW
 * @param patch  patchWidth × patchHeight, wholly inside the image when its top left is at (left, top)
 */
export function correlationAt(
  image: Uint8Array,
  width: number,
  patch: Uint8Array,
  patchWidth: number,
  patchHeight: number,
  left: number,
  top: number,
): number {
  const n = patchWidth * patchHeight
  let si = 0
  let sp = 0
  let sii = 0
  let spp = 0
  let sip = 0
  for (let y = 0, p = 0; y < patchHeight; y++) {
    for (let x = 0, i = (top + y) * width + left; x < patchWidth; x++, i++, p++) {
      const a = image[i]!
      const b = patch[p]!
      si += a
      sp += b
      sii += a * a
      spp += b * b
      sip += a * b
    }
  }
  // Integer sums stay exact below 2^53, so a flat patch gives exactly zero.
  const vi = n * sii - si * si
  const vp = n * spp - sp * sp
  return vi <= 0 || vp <= 0 ? 0 : (n * sip - si * sp) / Math.sqrt(vi * vp)
}
