import { useRef } from 'react'
import { Decision } from '../api/decision.ts'

/** A network that stumbles, a line that is started again. */
const AGAIN_MS = [1_000, 2_000, 4_000]

/** One decision for the same words, until they have arrived: what is said again after an answer was lost is no second one. */
export function useSameDecision(): { of(said: object): Decision; arrived(): void } {
  const last = useRef<{ said: string; decision: Decision } | null>(null)
  return {
    of: (said) => {
      const text = JSON.stringify(said)
      if (text !== last.current?.said) last.current = { said: text, decision: new Decision(AGAIN_MS) }
      return last.current.decision
    },
    arrived: () => {
      last.current = null
    },
  }
}
