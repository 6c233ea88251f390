/**
 * Turns grey levels round: out = 255 - source.
 *
 * @param source any length, 0..255; read only
 * @param out    same length, overwritten
 */
export function invertGrey(source: Uint8Array, out: Uint8Array): void {
  for (let i = 0; i < source.length; i++) out[i] = 255 - source[i]!
}
