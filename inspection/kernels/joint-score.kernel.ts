/**
 * Adds a score map to a joint one, each score taken as the best within `slack` cells: anchors that a small turn has
 * moved apart still meet.
 *
 * @param map    rows × cols scores
 * @param scratch rows × cols, overwritten
 * @param left,top cell of `joint` under the map's first cell
 * @param joint  size × size, added to; cells that the map does not cover lose 1, the worst correlation
 */
export function addJointScore(
  map: Float32Array,
  cols: number,
  rows: number,
  slack: number,
  scratch: Float32Array,
  left: number,
  top: number,
  joint: Float32Array,
  size: number,
): void {
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < cols; x++) {
      let best = -1
      const end = x + slack < cols ? x + slack : cols - 1
      for (let u = x > slack ? x - slack : 0; u <= end; u++) {
        const v = map[y * cols + u]!
        if (v > best) best = v
      }
      scratch[y * cols + x] = best
    }
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const mx = x - left
      const my = y - top
      let best = -1
      if (mx >= 0 && my >= 0 && mx < cols && my < rows) {
        const end = my + slack < rows ? my + slack : rows - 1
        for (let v = my > slack ? my - slack : 0; v <= end; v++) {
          const s = scratch[v * cols + mx]!
          if (s > best) best = s
        }
      }
      joint[y * size + x]! += best
    }
  }
}
