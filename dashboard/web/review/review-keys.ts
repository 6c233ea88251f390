import { useEffect } from 'react'
import type { VerdictResult } from '../api/types.ts'
import { isTyping } from '../part/viewer/viewer-keys.ts'

export interface ReviewActions {
  /** What the line decided; null = nothing to decide about. */
  machine: VerdictResult | null
  say(verdict: VerdictResult, release?: boolean): void
  move(by: number): void
  undo(): void
}

/** The opposite of a verdict; an undecided part has none. */
export const opposite = (verdict: VerdictResult): VerdictResult | null =>
  verdict === 'pass' ? 'fail' : verdict === 'fail' ? 'pass' : null

/** c confirm, o overturn, p good, r good and release, f bad, x cannot tell, u undo, j and k next and previous. */
export function useReviewKeys({ machine, say, move, undo }: ReviewActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
      const turned = machine && opposite(machine)
      if (event.key === 'c' && turned && machine) say(machine)
      else if (event.key === 'o' && turned) say(turned)
      else if (event.key === 'p') say('pass')
      else if (event.key === 'r') say('pass', true)
      else if (event.key === 'f') say('fail')
      else if (event.key === 'x') say('inconclusive')
      else if (event.key === 'u') undo()
      else if (event.key === 'j' || event.key === 'ArrowDown') move(1)
      else if (event.key === 'k' || event.key === 'ArrowUp') move(-1)
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [machine, say, move, undo])
}
