import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { queryText } from '../api/client.ts'
import type { DefectCount } from '../api/types.ts'
import { countText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { classColour } from '../look/theme.ts'
import { className } from '../i18n/class-names.ts'

const SHOWN = 8

export function ParetoPanel({
  rows,
  since,
}: {
  rows: readonly DefectCount[]
  /** Null = all records. */
  since: string | null
}): ReactNode {
  const { t } = useTranslation()
  const most = rows[0]?.count ?? 1
  return (
    <Panel title={t('live.pareto')}>
      {rows.length === 0 && <p className="muted small">{t('live.noDefects')}</p>}
      {rows.slice(0, SHOWN).map((row) => (
        <Link
          className="pareto-row"
          key={row.class}
          to={`/parts?${queryText({ class: row.class, from: since })}`}
          title={t('live.paretoParts')}
        >
          <span>{className(row.class)}</span>
          <span className="pareto-bar">
            <i style={{ width: `${(row.count / most) * 100}%`, background: classColour(row.class) }} />
          </span>
          <b>{countText(row.count)}</b>
        </Link>
      ))}
    </Panel>
  )
}
