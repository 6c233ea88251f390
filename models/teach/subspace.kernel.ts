/**
 * Orthonormal basis of the subspace of the largest eigenvalues of a symmetric matrix, by orthogonal iteration
 * (Golub and Van Loan, Matrix Computations, 8.2.4). Start and result are the same on every call.
 *
 * @param matrix [n][n]
 * @returns [width][n], rows orthonormal
 */
export function leadingSubspace(
  matrix: Float64Array,
  n: number,
  width: number,
  rounds: number,
): Float64Array {
  const basis = new Float64Array(width * n)
  let state = 0x9e3779b9
  for (let i = 0; i < basis.length; i++) {
    // xorshift32 (Marsaglia 2003): any start that is not orthogonal to the subspace will do
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    basis[i] = (state >>> 0) / 0xffffffff - 0.5
  }
  orthonormalise(basis, n, width)
  const row = new Float64Array(n)
  for (let r = 0; r < rounds; r++) {
    for (let k = 0; k < width; k++) {
      const at = k * n
      row.fill(0)
      for (let i = 0; i < n; i++) {
        const v = basis[at + i]!
        const from = i * n
        for (let j = 0; j < n; j++) row[j]! += v * matrix[from + j]!
      }
      basis.set(row, at)
    }
    orthonormalise(basis, n, width)
  }
  return basis
}

/** Modified Gram-Schmidt over the rows; a row that depends on the earlier ones becomes 0. */
function orthonormalise(basis: Float64Array, n: number, width: number): void {
  for (let k = 0; k < width; k++) {
    const at = k * n
    let before = 0
    for (let i = 0; i < n; i++) before += basis[at + i]! * basis[at + i]!
    for (let q = 0; q < k; q++) {
      const from = q * n
      let dot = 0
      for (let i = 0; i < n; i++) dot += basis[at + i]! * basis[from + i]!
      for (let i = 0; i < n; i++) basis[at + i]! -= dot * basis[from + i]!
    }
    let norm = 0
    for (let i = 0; i < n; i++) norm += basis[at + i]! * basis[at + i]!
    const scale = norm > before * 1e-20 && norm > 0 ? 1 / Math.sqrt(norm) : 0
    for (let i = 0; i < n; i++) basis[at + i]! *= scale
  }
}
