import { useRef } from 'react'
import { Decision } from '../api/decision.ts'

/** A network that stumbles, a line that is started again. */
const AGAIN_MS = [1_000, 2_000, 4_000]

/**
 * One decision for the same words about a part, until some about it have arrived: what is said again after an answer was
 * lost is no second one, also when other parts were answered for in between.
 */
export function useSameDecision(): {
  of(inspectionId: string, said: object): Decision
  arrived(inspectionId: string): void
} {
  const open = useRef(new Map<string, { said: string; decision: Decision }>())
  return {
    of: (inspectionId, said) => {
      const text = JSON.stringify(said)
      const before = open.current.get(inspectionId)
      if (before?.said === text) return before.decision
      const decision = new Decision(AGAIN_MS)
      open.current.set(inspectionId, { said: text, decision })
      return decision
    },
    arrived: (inspectionId) => {
      open.current.delete(inspectionId)
    },
  }
}
