import { useEffect } from 'react'
import type { VerdictResult } from '../api/types.ts'
import { pageKey } from '../part/viewer/viewer-keys.ts'

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
      const key = event.repeat ? null : pageKey(event)
      const turned = machine && opposite(machine)
      if (key === 'c' && turned && machine) say(machine)
      else if (key === 'o' && turned) say(turned)
      else if (key === 'p') say('pass')
      else if (key === 'r') say('pass', true)
      else if (key === 'f') say('fail')
      else if (key === 'x') say('inconclusive')
      else if (key === 'u') undo()
      else if (key === 'j' || key === 'ArrowDown') move(1)
      else if (key === 'k' || key === 'ArrowUp') move(-1)
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [machine, say, move, undo])
}
