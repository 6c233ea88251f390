import type { TableColumnsType } from 'antd'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { PartRow } from '../api/types.ts'
import { lotPath } from '../holds/hold-words.ts'
import { useText } from '../i18n/index.ts'
import { codeText, momentText, msText, timeText } from '../look/format.ts'
import { MoreDefects } from '../look/more-defects.tsx'
import { classColour } from '../look/theme.ts'
import { Thumb } from '../look/thumb.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { className } from '../i18n/class-names.ts'

/** @param within the filter of the list, which the neighbours of a part keep to */
export function usePartColumns(within: string): TableColumnsType<PartRow> {
  const { t } = useTranslation()
  const text = useText()
  return useMemo(
    () => [
      {
        title: t('parts.image'),
        width: 72,
        render: (_, row) => <Thumb className="row-thumb" image={row.image?.sha256 ?? null} />,
      },
      {
        title: t('parts.time'),
        width: 120,
        className: 'mono',
        render: (_, row) => <span title={momentText(row.at)}>{timeText(row.at)}</span>,
      },
      {
        title: t('parts.result'),
        width: 140,
        render: (_, row) => <VerdictBadge result={row.result} noVerdict={row.noVerdict} />,
      },
      {
        title: t('parts.serial'),
        width: 150,
        className: 'mono wrap',
        render: (_, row) => (
          <Link to={`/part/${row.inspectionId}?${within}`} onClick={(e) => e.stopPropagation()}>
            {codeText(row.serial)}
          </Link>
        ),
      },
      { title: t('parts.station'), width: 110, dataIndex: 'station', responsive: ['xl'] },
      {
        title: t('part.trigger'),
        width: 80,
        align: 'right',
        className: 'mono',
        dataIndex: 'trigger',
        responsive: ['xxl'],
      },
      {
        title: t('parts.lot'),
        width: 110,
        className: 'wrap',
        render: (_, row) =>
          row.lot ? (
            <Link to={lotPath(row.lot)} onClick={(e) => e.stopPropagation()}>
              {row.lot}
            </Link>
          ) : (
            <span className="muted">–</span>
          ),
      },
      {
        title: t('parts.reasons'),
        render: (_, row) => (
          <>
            {row.reasons.map(text).join(' · ')}
            {row.defects.slice(0, 5).map((d, i) => (
              <span key={i} className="chip" style={{ borderColor: classColour(d.class) }}>
                {className(d.class)} {d.score.toFixed(2)}
              </span>
            ))}
            <MoreDefects of={row} shown={5} />
          </>
        ),
      },
      {
        title: t('parts.disposition'),
        width: 140,
        responsive: ['xl'],
        className: 'wrap',
        render: (_, { disposition, decision }) => (
          <>
            {t(`disposition.${disposition}`)}
            {decision && (
              <div className="small muted" data-decided={decision.by}>
                {decision.by} · {decision.reason}
              </div>
            )}
          </>
        ),
      },
      {
        title: t('parts.latency'),
        width: 110,
        responsive: ['xl'],
        align: 'right',
        render: (_, row) => (
          <span className={`mono ${row.totalMs > row.budgetMs ? 'tone-fail' : ''}`}>
            {msText(row.totalMs)}
          </span>
        ),
      },
      { title: t('parts.recipe'), width: 160, dataIndex: 'recipe', responsive: ['xxl'] },
    ],
    [t, text, within],
  )
}
