import { Button } from 'antd'
import { useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { useDrift } from '../api/life-hooks.ts'
import type { SeriesReport } from '../api/types.ts'
import { Chart } from '../charts/chart.tsx'
import { shapeOption, windowsOption } from '../charts/drift-options.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { countText, numberText, timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { LifeAlarms } from './life-alarms.tsx'
import { Wide } from '../look/wide.tsx'

/** Raw scores against their reference: shape, stability index and distance over time. */
export function DriftTab(): ReactNode {
  const { t } = useTranslation()
  const drift = useDrift()
  const [asked, setAsked] = useState<string | null>(null)
  if (drift.error && !drift.data) return <Failed error={drift.error} retry={() => void drift.refetch()} />
  if (!drift.data) return <Waiting />
  const { watch, stations } = drift.data
  return (
    <div className="stack">
      <p className="muted">
        {t('drift.how', {
          reference: countText(watch.referenceParts),
          window: countText(watch.windowParts),
          rate: countText(Math.round(1 / watch.falseAlarm)),
        })}
      </p>
      <LifeAlarms only="score-drift" />
      {stations.map(({ station, series }) => (
        <Panel
          key={station}
          title={`${station} ${series[0]?.recipe ?? ''}`}
          extra={
            series.length > 0 && (
              <Button size="small" onClick={() => setAsked(station)}>
                {t('drift.restart')}
              </Button>
            )
          }
        >
          {series.length === 0 && <Nothing title={t('drift.none')} hint={t('drift.noneHint')} />}
          {series.map((s) => (
            <SeriesView key={s.series} s={s} referenceParts={watch.referenceParts} />
          ))}
        </Panel>
      ))}
      {asked !== null && (
        <DeedDialog
          title={t('drift.restart')}
          confirm={t('drift.restart')}
          act={(deed) => sendJson('POST', '/api/life/drift/reference', { station: asked, ...deed })}
          close={() => setAsked(null)}
        >
          <p>{t('drift.restartMeans', { n: countText(watch.referenceParts) })}</p>
        </DeedDialog>
      )}
    </div>
  )
}

function SeriesView({ s, referenceParts }: { s: SeriesReport; referenceParts: number }): ReactNode {
  const { t, i18n } = useTranslation()
  const last = s.windows.at(-1)
  const shape = useMemo(
    () =>
      s.shape &&
      shapeOption(s.shape, { reference: t('drift.reference'), now: t('drift.now'), share: t('drift.share') }),
    [s.shape, t, i18n.language],
  )
  const windows = useMemo(
    () => windowsOption(s.windows, { psi: 'PSI', d: 'KS D', limit: t('drift.limit') }),
    [s.windows, t, i18n.language],
  )
  return (
    <section className="series" data-series={s.series}>
      <header>
        <b className="mono">{s.series}</b> <span className="muted">{s.model}</span>
        <span className="grow" />
        {last ? (
          <span className={`badge tone-${last.drift ? 'fail' : 'pass'}`}>
            {t(last.drift ? 'drift.drifts' : 'drift.steady')} · PSI {last.psi.toFixed(3)} · KS{' '}
            {last.d.toFixed(3)}, p {numberText(last.p)}
          </span>
        ) : (
          <span className="muted">
            {s.reference.to === null
              ? t('drift.collecting', { n: countText(s.reference.n), all: countText(referenceParts) })
              : t('drift.filling', { n: countText(s.window) })}
          </span>
        )}
      </header>
      {shape && last && (
        <div className="two-columns">
          <Chart option={shape} height={220} label={`${s.series}: ${t('drift.share')}`} />
          <Chart option={windows} height={220} label={`${s.series}: PSI, KS D`} />
        </div>
      )}
      <p className="muted small">
        {s.reference.to !== null &&
          t('drift.referenceOf', {
            n: countText(s.reference.n),
            from: timeText(s.reference.from),
            to: timeText(s.reference.to),
          })}{' '}
        {s.skipped > 0 && t('drift.skipped', { n: countText(s.skipped) })}
      </p>
      <Days days={s.days} />
    </section>
  )
}

/** The newest days: how many parts, and where their scores lay. */
function Days({ days }: { days: SeriesReport['days'] }): ReactNode {
  const { t } = useTranslation()
  if (days.length === 0) return null
  return (
    <details>
      <summary className="muted small">{t('drift.days', { n: days.length })}</summary>
      <Wide>
        <table className="facts-table days">
          <thead>
            <tr>
              <th>{t('drift.day')}</th>
              <th className="num">{t('drift.parts')}</th>
              <th className="num">5 %</th>
              <th className="num">{t('drift.median')}</th>
              <th className="num">95 %</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map((d) => (
              <tr key={d.day}>
                <td className="mono">{d.day}</td>
                <td className="num">{countText(d.n)}</td>
                {[d.q05, d.q50, d.q95].map((q, i) => (
                  <td key={i} className="num">
                    {q === null ? '–' : numberText(q)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </details>
  )
}
