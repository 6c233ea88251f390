import { Segmented } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useNcrs } from '../api/ncr-hooks.ts'
import type { NcrRow } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { countText, timeText } from '../look/format.ts'
import { usePaging } from '../look/printing.ts'
import { Panel } from '../look/panel.tsx'
import { useUrlChoice } from '../look/url-choice.ts'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { NcrButton } from './ncr-button.tsx'
import { NcrState, Severity, TargetLink } from './ncr-chips.tsx'
import { Table } from '../look/wide.tsx'

/** All nonconformance reports: what each waits for, whose turn it is, and what is overdue. */
export function NcrPage(): ReactNode {
  const { t } = useTranslation()
  const [scope, setScope] = useUrlChoice('show', ['open', 'all'], 'open')
  const all = scope === 'all'
  const paging = usePaging()
  const ncrs = useNcrs({ open: !all })
  if (ncrs.error && !ncrs.data) return <Failed error={ncrs.error} retry={() => void ncrs.refetch()} />
  if (!ncrs.data) return <Waiting />
  const { reports, total } = ncrs.data
  const overdue = reports.filter((r) => r.overdue > 0).length
  return (
    <div className="page">
      <div className="toolbar">
        <Segmented<boolean>
          aria-label={t('icon.scope')}
          value={all}
          onChange={(value) => setScope(value ? 'all' : 'open')}
          options={[
            { value: false, label: t('ncr.onlyOpen') },
            { value: true, label: t('holds.all') },
          ]}
        />
        {overdue > 0 && <span className="badge tone-fail">{t('ncr.overdueReports', { n: overdue })}</span>}
        <span className="muted">{t('ncr.howTo')}</span>
        <span className="grow" />
        <NcrButton draft={{ targets: [] }} />
      </div>
      <Panel title={t('ncr.reports')} extra={<span className="muted">{countText(total)}</span>}>
        {total > reports.length && (
          <p className="muted small">{t('ncr.notAll', { n: countText(total - reports.length) })}</p>
        )}
        <Table<NcrRow>
          rowKey="id"
          size="small"
          dataSource={reports}
          pagination={paging(reports.length, 30)}
          locale={{ emptyText: <Nothing title={t('ncr.none')} hint={t('ncr.noneHint')} /> }}
          columns={[
            {
              title: t('ncr.id'),
              className: 'mono nowrap',
              render: (_, r) => <Link to={`/ncr/${r.id}`}>{r.id}</Link>,
            },
            { title: t('ncr.next'), className: 'nowrap', render: (_, r) => <NcrState report={r} /> },
            { title: t('ncr.severity'), className: 'nowrap', render: (_, r) => <Severity of={r.severity} /> },
            { title: t('ncr.title'), className: 'wrap', dataIndex: 'title' },
            {
              title: t('ncr.targets'),
              className: 'mono',
              render: (_, r) => (
                <>
                  {r.targets.map((x) => (
                    <div key={x.uri}>
                      <TargetLink name={x.name} />
                    </div>
                  ))}
                </>
              ),
            },
            { title: t('ncr.classes'), render: (_, r) => r.classes.map(className).join(', ') || '–' },
            {
              title: t('ncr.due'),
              className: 'nowrap',
              render: (_, r) => (
                <>
                  <span className={r.overdue > 0 ? 'mono tone-fail' : 'mono'}>{r.due ?? '–'}</span> {r.owner}{' '}
                  {r.overdue > 0 && (
                    <span className="chip tone-fail">{t('ncr.overdue', { n: r.overdue })}</span>
                  )}
                </>
              ),
            },
            {
              title: t('ncr.opened'),
              className: 'nowrap',
              render: (_, r) => (
                <>
                  <span className="mono">{timeText(r.opened.at)}</span> {r.opened.by}
                </>
              ),
            },
          ]}
        />
      </Panel>
    </div>
  )
}
