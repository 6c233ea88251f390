import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { NcrRow } from '../api/types.ts'
import { lotPath } from '../holds/hold-words.ts'

const TONE: Partial<Record<NcrRow['state'], string>> = {
  closed: 'tone-pass',
  withdrawn: 'muted',
  close: 'tone-pass',
}

export function NcrState({ report }: { report: Pick<NcrRow, 'state'> }): ReactNode {
  const { t } = useTranslation()
  return (
    <span className={`badge ${TONE[report.state] ?? 'tone-inconclusive'}`} data-ncr-state={report.state}>
      {t(`ncr.state.${report.state}`)}
    </span>
  )
}

export function Severity({ of }: { of: NcrRow['severity'] }): ReactNode {
  const { t } = useTranslation()
  return <span className={of === 'minor' ? '' : 'tone-fail'}>{t(`severity.${of}`)}</span>
}

/** Reports about something, as links. */
export function NcrLinks({ reports }: { reports: readonly NcrRow[] }): ReactNode {
  const { t } = useTranslation()
  if (reports.length === 0) return null
  return (
    <ul className="edges">
      {reports.map((r) => (
        <li key={r.id}>
          <Link to={`/ncr/${r.id}`} className="mono">
            {r.id}
          </Link>{' '}
          <NcrState report={r} /> <Severity of={r.severity} /> {r.title}{' '}
          {r.overdue > 0 && <span className="chip tone-fail">{t('ncr.overdue', { n: r.overdue })}</span>}
        </li>
      ))}
    </ul>
  )
}

/** What a report is about, as a way to it where there is one. */
export function TargetLink({ name }: { name: string }): ReactNode {
  const [type = '', ...rest] = name.split('/')
  const value = rest.join('/')
  if (type === 'lot') return <Link to={lotPath(value)}>{name}</Link>
  if (type === 'unit') return <Link to={`/parts?serial=${encodeURIComponent(value)}`}>{name}</Link>
  if (type === 'recipe' || type === 'model') return <Link to="/models">{name}</Link>
  return <Link to="/analysis">{name}</Link>
}
