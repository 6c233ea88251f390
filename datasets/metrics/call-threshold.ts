/** Score from which a call counts; a class may have one of its own. */
export interface CallThreshold {
  value: number
  perClass: Record<string, number>
}

/** Whether a score is a call. */
export const isCalled = (d: { class: string; score: number }, { value, perClass }: CallThreshold): boolean =>
  d.score >= (perClass[d.class] ?? value)
