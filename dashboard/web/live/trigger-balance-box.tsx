import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { StationBalance, VerdictResult } from '../api/types.ts'
import { countText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'

/**
 * How a balance reads. Triggers that are unexplained because their announcement waits to be written are not missing; one
 * more than those is.
 */
export function useBalanceWords(): (stations: readonly StationBalance[]) => {
  tone: VerdictResult
  words: string
} {
  const { t } = useTranslation()
  return (stations) => {
    const unclosed = stations.filter((s) => !s.closed)
    if (unclosed.length === 0) return { tone: 'pass', words: t('balance.yes') }
    const unwritten = unclosed.reduce((n, s) => n + (s.unwritten ?? 0), 0)
    if (unwritten > 0) return { tone: 'fail', words: t('balance.unwritten', { n: countText(unwritten) }) }
    const waiting = unclosed.reduce((n, s) => n + (s.waiting ?? 0), 0)
    return unclosed.every((s) => s.unexplained === s.waiting)
      ? { tone: 'inconclusive', words: t('balance.waiting', { n: countText(waiting) }) }
      : { tone: 'fail', words: t('balance.no') }
  }
}

/** triggers = verdicts + no-verdicts + open, and whether that is so. */
export function TriggerBalanceBox({ balance }: { balance: StationBalance | undefined }): ReactNode {
  const { t } = useTranslation()
  const wordsOf = useBalanceWords()
  if (!balance) return <div className="balance" />
  const { tone, words } = wordsOf([balance])
  return (
    <div className="balance" data-tone={tone}>
      <div className="box-head">
        <span>{t('balance.title')}</span>
        <span className={`badge tone-${tone}`}>
          <VerdictIcon result={tone} size={14} />
          {words}
        </span>
      </div>
      <div className="equation">
        <Term n={balance.triggers} name={t('balance.triggers')} />
        <i>{balance.unexplained === undefined ? '=' : '≠'}</i>
        <Term n={balance.verdicts} name={t('balance.verdicts')} />
        <i>+</i>
        <Term n={balance.noVerdicts} name={t('balance.noVerdicts')} />
        <i>+</i>
        <Term n={balance.open} name={t('balance.open')} />
      </div>
    </div>
  )
}

const Term = ({ n, name }: { n: number; name: string }): ReactNode => (
  <span className="term">
    <b>{countText(n)}</b>
    <small>{name}</small>
  </span>
)
