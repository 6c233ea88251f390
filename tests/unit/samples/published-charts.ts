/** Nonconforming cans in 30 samples of 50. Montgomery, Introduction to Statistical Quality Control, table 7.1. */
export const ORANGE_JUICE = [
  12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6,
]

/** Nonconformities in 26 samples of 100 printed circuit boards. Montgomery, table 7.7. */
export const CIRCUIT_BOARDS = [
  21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15,
]
