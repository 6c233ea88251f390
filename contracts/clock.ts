/** Monotonic wall time in ms with sub-millisecond digits, comparable between threads and, roughly, processes of one host. */
export const monoMs = (): number => performance.timeOrigin + performance.now()
