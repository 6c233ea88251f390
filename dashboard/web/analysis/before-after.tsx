import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { countText, numberText, percentText } from '../look/format.ts'

interface Sides {
  n: number
  bad: number
  undecided?: number | undefined
  beforeN: number
  beforeBad: number
  beforeUndecided?: number | undefined
  p: number
}

/** Shares of bad parts before and after a countermeasure, and how many nobody has decided about. */
export function BeforeAfter({ of: c }: { of: Sides }): ReactNode {
  const { t } = useTranslation()
  const { undecided = 0, beforeUndecided = 0 } = c
  return (
    <>
      {t('analysis.beforeAfter', {
        before: percentText(c.beforeBad / c.beforeN, 2),
        beforeN: countText(c.beforeN),
        after: percentText(c.bad / c.n, 2),
        n: countText(c.n),
        p: numberText(c.p),
      })}
      {undecided + beforeUndecided > 0 && (
        <span className="tone-inconclusive">
          {' '}
          {t('analysis.undecidedSides', { before: countText(beforeUndecided), after: countText(undecided) })}
        </span>
      )}
    </>
  )
}
