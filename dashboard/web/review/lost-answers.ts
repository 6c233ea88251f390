import { useState } from 'react'
import { unsure } from '../api/decision.ts'
import type { ReviewItem, VerdictResult } from '../api/types.ts'
import type { Filter } from './shown-part.ts'

/** An answer of the page Review. */
export interface Said {
  /** The part as it was when it was answered for. */
  item: ReviewItem
  /** The list that it was in. */
  filter: Filter
  verdict: VerdictResult
  by: string
  reason: string
  /** Let go at once; null = not. */
  unit: string | null
  /** The decision about the part that stood; null = none. */
  over: string | null
}

/** An answer that the line was not heard to take, however often it was sent. */
export interface Lost {
  said: Said
  error: Error
  sinceMs: number
}

const idOf = (said: Said): string => said.item.inspectionId

/** The answers whose fate is open, one for each part, the last one first. */
export function useLostAnswers(): {
  all: readonly Lost[]
  has(inspectionId: string | undefined): boolean
  /** @param error null = it has arrived */
  settle(said: Said, error: Error | null): void
} {
  const [all, setAll] = useState<readonly Lost[]>([])
  return {
    all,
    has: (inspectionId) => all.some(({ said }) => idOf(said) === inspectionId),
    settle: (said, error) =>
      setAll((before) => {
        const others = before.filter((l) => idOf(l.said) !== idOf(said))
        return unsure(error) && error ? [{ said, error, sinceMs: Date.now() }, ...others] : others
      }),
  }
}
