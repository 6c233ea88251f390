import { Select, Table, type TableColumnsType } from 'antd'
import { lazy, Suspense, useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { useAnalysis } from '../api/hooks.ts'
import { useHolds } from '../api/life-hooks.ts'
import type { Analysis } from '../api/types.ts'
import { HoldButton } from '../holds/hold-button.tsx'
import { isHeld } from '../holds/hold-words.ts'
import { countText, numberText, percentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { NcrButton } from '../ncr/ncr-button.tsx'
import { TimeField } from '../look/time-field.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { className } from '../i18n/class-names.ts'

const ChartPanel = lazy(() => import('../charts/chart-panel.tsx').then((m) => ({ default: m.ChartPanel })))

type Cause = Analysis['causes'][number]

/** Which lot, supplier, station, shift or recipe goes with a defect, and whether a countermeasure helped. */
export function AnalysisPage(): ReactNode {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const filter = { class: search.get('class'), from: search.get('from'), change: search.get('change') }
  const query = useAnalysis(filter)
  const set = (key: string, value: string): void => {
    const next = new URLSearchParams(search)
    if (value) next.set(key, value)
    else next.delete(key)
    setSearch(next)
  }
  const columns = useCauseColumns(filter.class)
  const { data, error } = query
  return (
    <div className="page stack">
      <div className="toolbar">
        <Select
          aria-label={t('analysis.class')}
          className="w-station"
          value={filter.class ?? ''}
          onChange={(value: string) => set('class', value)}
          options={[
            { value: '', label: t('analysis.anyDefect') },
            ...(data?.classes ?? []).map((c) => ({ value: c.label, label: className(c.label) })),
          ]}
        />
        <TimeField label={t('analysis.from')} value={filter.from} set={(v) => set('from', v)} />
        <TimeField label={t('analysis.change')} value={filter.change} set={(v) => set('change', v)} />
      </div>
      {error && <Failed error={error} retry={() => void query.refetch()} />}
      {!data && !error && <Waiting />}
      {data && (
        <>
          <Panel
            title={t('analysis.causes')}
            extra={
              <span className="muted">
                {t('analysis.counted', { n: countText(data.n), bad: countText(data.bad) })}
              </span>
            }
          >
            <Table<Cause>
              rowKey={(row) => `${row.factor} ${row.value}`}
              size="small"
              pagination={data.causes.length > 20 ? { pageSize: 20, size: 'small' } : false}
              dataSource={data.causes}
              columns={columns}
              locale={{ emptyText: <Nothing title={t('analysis.none')} hint={t('analysis.noneHint')} /> }}
            />
            <p className="muted small">{t('analysis.method')}</p>
          </Panel>
          <Change change={data.change} asked={filter.change !== null} />
          <Panel title={t('analysis.pareto')}>
            <Suspense fallback={<Waiting />}>
              <ChartPanel
                kind="pareto"
                data={{ bars: data.classes.map((c) => ({ ...c, label: className(c.label) })) }}
              />
            </Suspense>
          </Panel>
        </>
      )}
    </div>
  )
}

function Change({ change, asked }: { change: Analysis['change']; asked: boolean }): ReactNode {
  const { t } = useTranslation()
  if (!asked) return null
  return (
    <Panel title={t('analysis.changed')}>
      {change === null ? (
        <Nothing title={t('analysis.oneSided')} />
      ) : (
        <p>
          {t('analysis.beforeAfter', {
            before: percentText(change.beforeBad / change.beforeN, 2),
            beforeN: countText(change.beforeN),
            after: percentText(change.bad / change.n, 2),
            n: countText(change.n),
            p: numberText(change.p),
          })}
        </p>
      )}
    </Panel>
  )
}

function useCauseColumns(of: string | null): TableColumnsType<Cause> {
  const { t } = useTranslation()
  const holds = useHolds()
  return useMemo(
    () => [
      { title: t('analysis.factor'), render: (_, c) => t(`analysis.factors.${c.factor}`) },
      {
        title: t('analysis.value'),
        className: 'mono',
        render: (_, c) => {
          const value = c.named ? <b className="tone-fail">{c.value}</b> : c.value
          return c.factor === 'lot' ? <Link to={`/lot/${encodeURIComponent(c.value)}`}>{value}</Link> : value
        },
      },
      { title: t('analysis.share'), render: (_, c) => `${percentText(c.bad / c.n, 2)} (${c.bad} / ${c.n})` },
      {
        title: t('analysis.rest'),
        render: (_, c) => `${percentText(c.restBad / c.restN, 2)} (${c.restBad} / ${c.restN})`,
      },
      {
        title: t('analysis.ratio'),
        render: (_, c) =>
          c.ratio === null || c.low === null || c.high === null
            ? '–'
            : `${c.ratio.toFixed(2)} (${c.low.toFixed(2)} – ${c.high.toFixed(2)})`,
      },
      {
        title: 'p',
        className: 'mono',
        render: (_, c) => `${numberText(c.p)} (${t(`analysis.methods.${c.method}`)})`,
      },
      { title: 'q', className: 'mono', render: (_, c) => numberText(c.q) },
      {
        title: t('holds.title'),
        render: (_, c) =>
          // Nobody can hold a shift that is over, nor a model apart from its recipes.
          c.factor === 'shift' || c.factor === 'model' ? null : (
            <HoldButton
              target={`${c.factor}/${c.value}`}
              name=""
              held={isHeld(holds.data, `${c.factor}/${c.value}`)}
            />
          ),
      },
      {
        title: t('nav.ncr'),
        render: (_, c) =>
          c.factor === 'shift' ? null : (
            <NcrButton
              draft={{ targets: [`${c.factor}/${c.value}`], ...(of !== null && { classes: [of] }) }}
            />
          ),
      },
    ],
    [t, holds.data, of],
  )
}
