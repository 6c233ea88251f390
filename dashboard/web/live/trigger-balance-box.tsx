import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { StationBalance } from '../api/types.ts'
import { countText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'

/** triggers = verdicts + no-verdicts + open, and whether that is so. */
export function TriggerBalanceBox({ balance }: { balance: StationBalance | undefined }): ReactNode {
  const { t } = useTranslation()
  if (!balance) return <div className="balance" />
  return (
    <div className="balance" data-balanced={balance.closed}>
      <div className="box-head">
        <span>{t('balance.title')}</span>
        <span className={`badge tone-${balance.closed ? 'pass' : 'fail'}`}>
          <VerdictIcon result={balance.closed ? 'pass' : 'fail'} size={14} />
          {t(balance.closed ? 'balance.yes' : 'balance.no')}
        </span>
      </div>
      <div className="equation">
        <Term n={balance.triggers} name={t('balance.triggers')} />
        <i>{balance.closed ? '=' : '≠'}</i>
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
