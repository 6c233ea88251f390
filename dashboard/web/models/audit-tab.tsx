import { Select } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useAudit } from '../api/life-hooks.ts'
import type { EscapeEstimate, EscapeEstimates } from '../api/types.ts'
import { countText, percentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { useUrlChoice } from '../look/url-choice.ts'
import { LifeAlarms } from './life-alarms.tsx'
import { dayBefore, rateText } from './rate-text.ts'
import { Table } from '../look/wide.tsx'

const SPANS = { all: null, d30: 30, d7: 7, d1: 1 } as const
const SPAN_NAMES = ['all', 'd30', 'd7', 'd1'] as const satisfies readonly (keyof typeof SPANS)[]

/** How many bad parts pass, from the random sample of passed parts that people looked at. */
export function AuditTab(): ReactNode {
  const { t } = useTranslation()
  const [span, setSpan] = useUrlChoice('span', SPAN_NAMES, 'all')
  const audit = useAudit(dayBefore(SPANS[span]))
  if (audit.error && !audit.data) return <Failed error={audit.error} retry={() => void audit.refetch()} />
  if (!audit.data) return <Waiting />
  const { all, byRecipe, strata } = audit.data
  return (
    <div className="stack">
      <LifeAlarms only="escape-found" />
      <div className="toolbar">
        <Select
          aria-label={t('audit.span')}
          className="w-station"
          value={span}
          onChange={setSpan}
          options={SPAN_NAMES.map((value) => ({
            value,
            label: t(`audit.spans.${value}`),
          }))}
        />
        <Link to="/review">{t('nav.review')} →</Link>
      </div>
      <Panel title={t('audit.title')}>
        {all.passed === 0 ? (
          <Nothing title={t('audit.none')} hint={t('audit.noneHint')} />
        ) : (
          <Estimate e={all} />
        )}
      </Panel>
      {byRecipe.length > 0 && (
        <Panel title={t('audit.byRecipe')}>
          <Table<EscapeEstimates['byRecipe'][number]>
            rowKey={(r) => `${r.station} ${r.recipe}`}
            size="small"
            pagination={false}
            dataSource={byRecipe}
            columns={[
              { title: t('parts.station'), dataIndex: 'station' },
              { title: t('parts.recipe'), dataIndex: 'recipe' },
              { title: t('audit.rate'), render: (_, e) => rateText(e.estimate) },
              {
                title: t('audit.interval'),
                render: (_, e) =>
                  e.interval ? `${rateText(e.interval.low)} … ${rateText(e.interval.high)}` : '–',
              },
              { title: t('audit.passed'), align: 'right', render: (_, e) => countText(e.passed) },
              { title: t('audit.sampled'), align: 'right', render: (_, e) => countText(e.sampled) },
              { title: t('audit.reviewed'), align: 'right', render: (_, e) => countText(e.reviewed) },
              { title: t('audit.escapes'), align: 'right', render: (_, e) => countText(e.escapes) },
            ]}
          />
        </Panel>
      )}
      {strata.length > 0 && (
        <Panel title={t('audit.strata')}>
          <Table<EscapeEstimates['strata'][number]>
            rowKey={(s) => `${s.station} ${s.recipe} ${s.stratum}`}
            size="small"
            pagination={false}
            dataSource={strata}
            columns={[
              { title: t('parts.station'), dataIndex: 'station' },
              { title: t('parts.recipe'), dataIndex: 'recipe' },
              { title: t('audit.stratum'), render: (_, s) => t(`audit.stratumOf.${s.stratum}`) },
              { title: t('audit.passed'), align: 'right', render: (_, s) => countText(s.size) },
              { title: t('audit.sampled'), align: 'right', render: (_, s) => countText(s.sampled) },
              { title: t('audit.reviewed'), align: 'right', render: (_, s) => countText(s.reviewed) },
              { title: t('audit.escapes'), align: 'right', render: (_, s) => countText(s.escapes) },
              { title: t('audit.undecided'), align: 'right', render: (_, s) => countText(s.undecided) },
            ]}
          />
        </Panel>
      )}
    </div>
  )
}

function Estimate({ e }: { e: EscapeEstimate }): ReactNode {
  const { t } = useTranslation()
  return (
    <div className="estimate">
      <div className="kpi">
        <span className="kpi-value">{rateText(e.estimate)}</span>
        <span className="muted">
          {e.interval
            ? t('audit.between', { low: rateText(e.interval.low), high: rateText(e.interval.high) })
            : t('audit.nobody')}
        </span>
      </div>
      <ul className="reasons">
        <li>
          {t('audit.basis', {
            reviewed: countText(e.reviewed),
            sampled: countText(e.sampled),
            passed: countText(e.passed),
            escapes: countText(e.escapes),
          })}
        </li>
        {e.reviewed > 0 && e.escapes === 0 && e.interval && (
          <li>{t('audit.zero', { high: rateText(e.interval.high) })}</li>
        )}
        {e.sampled > e.reviewed + e.undecided && (
          <li className="tone-inconclusive">
            {t('audit.open', { n: countText(e.sampled - e.reviewed - e.undecided) })}
          </li>
        )}
        {e.undecided > 0 && (
          <li className="tone-inconclusive">{t('audit.unsure', { n: countText(e.undecided) })}</li>
        )}
        {e.uncovered > 0 && e.reviewed > 0 && (
          <li className="tone-inconclusive">{t('audit.uncovered', { share: percentText(e.uncovered) })}</li>
        )}
        <li className="muted">{t('audit.cannot')}</li>
      </ul>
    </div>
  )
}
