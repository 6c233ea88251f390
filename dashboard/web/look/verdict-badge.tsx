import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartRow, VerdictResult } from '../api/types.ts'
import { VerdictIcon } from './icons.tsx'

export function VerdictBadge({
  result,
  noVerdict = null,
}: Pick<PartRow, 'result'> & { noVerdict?: PartRow['noVerdict'] }): ReactNode {
  const { t } = useTranslation()
  return (
    <span className={`badge tone-${result}`}>
      <VerdictIcon result={result} size={14} />
      {t(noVerdict ? 'verdict.none' : `verdict.${result}`)}
    </span>
  )
}

/** The word for a large sign: what happened to the part, and how it stands. */
export function useVerdictWord(): (row: Pick<PartRow, 'result' | 'noVerdict'>) => string {
  const { t } = useTranslation()
  return ({ result, noVerdict }) =>
    t(noVerdict ? 'verdict.none' : `verdict.${result satisfies VerdictResult}`)
}
