import { Button, Checkbox, Select } from 'antd'
import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { queryText } from '../api/client.ts'
import { useAnalysis } from '../api/hooks.ts'
import type { Analysis } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { AsOf } from '../look/as-of.tsx'
import { countText, timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { usePaging } from '../look/printing.ts'
import { TimeField } from '../look/time-field.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { type Cause, useCauseColumns } from './cause-columns.tsx'
import { BeforeAfter } from './before-after.tsx'
import { Fishbone } from './fishbone.tsx'
import { PlacesPanel } from './places-panel.tsx'
import { TogetherPanel } from './together-panel.tsx'
import { Table } from '../look/wide.tsx'

const ChartPanel = lazy(() => import('../charts/chart-panel.tsx').then((m) => ({ default: m.ChartPanel })))

/** What goes with a defect, where on the part it lies, and whether a countermeasure helped. */
export function AnalysisPage(): ReactNode {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const filter = {
    class: search.get('class'),
    from: search.get('from'),
    to: search.get('to'),
    change: search.get('change'),
    // One class is compared by itself anyway.
    each: search.get('class') === null ? search.get('each') : null,
  }
  const query = useAnalysis(filter)
  const set = (key: string, value: string): void => {
    const next = new URLSearchParams(search)
    if (value) next.set(key, value)
    else next.delete(key)
    setSearch(next)
  }
  const paging = usePaging()
  const columns = useCauseColumns(filter.class, filter.each !== null)
  const { data, error } = query
  // What answers another question than the one chosen above gives its classes to choose from, and no numbers.
  const answered = data !== undefined && !query.isPlaceholderData
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
        <TimeField label={t('analysis.to')} value={filter.to} set={(v) => set('to', v)} />
        <TimeField label={t('analysis.change')} value={filter.change} set={(v) => set('change', v)} />
        <Checkbox
          checked={filter.each !== null}
          disabled={filter.class !== null}
          onChange={(e) => set('each', e.target.checked ? 'class' : '')}
        >
          {t('analysis.each')}
        </Checkbox>
        <Button href={`/api/analysis?${queryText({ ...filter, format: 'csv', bom: '1' })}`}>
          {t('analysis.csv')}
        </Button>
        <span className="grow" />
        <AsOf readMs={answered ? query.dataUpdatedAt : undefined} again={query} />
      </div>
      {error && <Failed error={error} retry={() => void query.refetch()} />}
      {!answered && !error && <Waiting />}
      {answered && (
        <>
          <Panel
            title={t('analysis.causes')}
            extra={
              <span className="muted">
                {t('analysis.counted', {
                  n: countText(data.n),
                  bad: countText(data.bad),
                  compared: countText(data.compared),
                })}
              </span>
            }
          >
            <Table<Cause>
              rowKey={(row) => `${row.factor} ${row.value} ${row.class ?? ''}`}
              size="small"
              pagination={paging(data.causes.length, 20)}
              dataSource={data.causes}
              columns={columns}
              locale={{ emptyText: <Nothing title={t('analysis.none')} hint={t('analysis.noneHint')} /> }}
            />
            <LeftOut data={data} />
            <p className="muted small">{t('analysis.method')}</p>
          </Panel>
          <TogetherPanel pairs={data.together} />
          <Panel title={t('analysis.fishbone')}>
            <Fishbone
              data={data}
              effect={filter.class === null ? t('analysis.anyDefect') : className(filter.class)}
            />
          </Panel>
          <PlacesPanel filter={{ class: filter.class, from: filter.from, to: filter.to }} />
          <Change change={data.change} asked={filter.change !== null} />
          <Panel title={t('analysis.pareto')}>
            <Suspense fallback={<Waiting />}>
              <ChartPanel
                kind="pareto"
                data={{ bars: data.classes.map((c) => ({ ...c, label: className(c.label) })) }}
              />
            </Suspense>
            <p className="bars-parts">
              <span className="muted">{t('nav.parts')}:</span>
              {data.classes.map((c) => (
                <Link
                  key={c.label}
                  to={`/parts?${queryText({ class: c.label, from: filter.from, to: filter.to })}`}
                  title={t('live.paretoParts')}
                >
                  {className(c.label)} {countText(c.value)}
                </Link>
              ))}
            </p>
          </Panel>
        </>
      )}
    </div>
  )
}

/** What is not in the numbers: all inspections of the time are either compared or in one of these groups. */
function LeftOut({ data: { cut, factors, n, since } }: { data: Analysis }): ReactNode {
  const { t } = useTranslation()
  const unjudged = cut.unjudged.reduce((sum, u) => sum + u.n, 0)
  const all = n + cut.undecided + unjudged + cut.repeated + cut.olderInspections
  const left = [
    ...(unjudged > 0
      ? [
          t('analysis.unjudged', {
            n: countText(unjudged),
            why: cut.unjudged.map((u) => `${t(`noVerdict.${u.reason}`)} ${countText(u.n)}`).join(', '),
          }),
        ]
      : []),
    ...(cut.repeated > 0 ? [t('analysis.repeated', { n: countText(cut.repeated) })] : []),
    ...(cut.undecided > 0 ? [t('analysis.undecided', { n: countText(cut.undecided) })] : []),
    ...(cut.older
      ? [
          t('analysis.older', {
            all: countText(cut.olderInspections),
            n: countText(n),
            since: timeText(since ?? ''),
          }),
        ]
      : []),
    ...(cut.later > 0 ? [t('analysis.later', { n: countText(cut.later) })] : []),
    ...(cut.links ? [t('analysis.links')] : []),
    ...factors
      .filter((f) => f.cut > 0)
      .map((f) => t('analysis.levels', { factor: t(`analysis.factors.${f.factor}`), n: countText(f.cut) })),
    ...(cut.classes > 0 ? [t('analysis.classes', { n: countText(cut.classes) })] : []),
  ]
  if (left.length === 0) return null
  return (
    <p className="small">
      {t('analysis.all', { all: countText(all), n: countText(n), rest: countText(all - n) })}{' '}
      <b className="tone-inconclusive">{t('analysis.left')}:</b> {left.join('; ')}
    </p>
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
          <BeforeAfter of={change} />
        </p>
      )}
    </Panel>
  )
}
