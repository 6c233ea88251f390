/**
 * Inverse of the lower Cholesky factor of a symmetric positive definite matrix (Golub and Van Loan, Matrix Computations,
 * 4.2): it takes vectors of that covariance to unit covariance. A pivot that rounds to nothing is kept tiny and positive.
 *
 * @param matrix [n][n], overwritten
 * @returns [n][n], lower triangular
 */
export function whitening(matrix: Float64Array, n: number): Float64Array {
  const factor = matrix
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = factor[i * n + j]!
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!
      factor[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-18)) : sum / factor[j * n + j]!
    }
  const lower = new Float64Array(n * n)
  for (let column = 0; column < n; column++)
    for (let i = column; i < n; i++) {
      let sum = i === column ? 1 : 0
      for (let k = column; k < i; k++) sum -= factor[i * n + k]! * lower[k * n + column]!
      lower[i * n + column] = sum / factor[i * n + i]!
    }
  return lower
}

/**
 * Inverse of a symmetric positive definite matrix.
 *
 * @param matrix [n][n], overwritten by its inverse
 */
export function invertDefinite(matrix: Float64Array, n: number): void {
  const lower = whitening(matrix, n)
  matrix.fill(0)
  for (let k = 0; k < n; k++)
    for (let i = 0; i <= k; i++)
      for (let j = 0; j <= k; j++) matrix[i * n + j]! += lower[k * n + i]! * lower[k * n + j]!
}
