import { Segmented } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useBalance, useCounters, useLine, usePareto } from '../api/hooks.ts'
import { useUrlChoice } from '../look/url-choice.ts'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { AlarmBar } from './alarm-bar.tsx'
import { useLive } from './feed.ts'
import { HealthPanel } from './health-panel.tsx'
import { OldCounts } from './old-counts.tsx'
import { ParetoPanel } from './pareto-panel.tsx'
import { SPANS, useSince, type Span } from './span.ts'
import { StationCard } from './station-card.tsx'

export function LivePage(): ReactNode {
  const { t } = useTranslation()
  const [span, setSpan] = useUrlChoice<Span>('span', SPANS, 'h8')
  const live = useLive()
  const since = useSince(span)
  const line = useLine()
  const counters = useCounters(since)
  const balance = useBalance()
  const pareto = usePareto(since)
  if (!line.data)
    return line.error ? <Failed error={line.error} retry={() => void line.refetch()} /> : <Waiting />
  const state = live.state ?? line.data.state
  const stations = line.data.info.stations
  return (
    <div className="page live-page">
      <AlarmBar state={state} />
      <OldCounts of={[counters, balance, pareto]} />
      <div className={`stations columns-${Math.min(stations.length, 2)}`}>
        {stations.length === 0 && <Nothing title={t('live.noStations')} hint={t('live.noStationsHint')} />}
        {stations.map((station) => (
          <StationCard
            key={station.id}
            station={station}
            parts={live.parts.get(station.id) ?? []}
            counters={counters.data?.find((c) => c.station === station.id)}
            balance={balance.data?.find((b) => b.station === station.id)}
            latency={(live.latency.length > 0 ? live.latency : line.data.latency).find(
              (l) => l.station === station.id,
            )}
            camera={state.stations.find((s) => s.id === station.id)?.camera}
          />
        ))}
      </div>
      <aside>
        <div className="span-choice">
          <span className="muted">{t('live.span')}</span>
          <Segmented<Span>
            aria-label={t('live.span')}
            value={span}
            onChange={setSpan}
            options={SPANS.map((value) => ({
              value,
              label: t(`live.spans.${value}`),
            }))}
          />
        </div>
        <ParetoPanel rows={pareto.data ?? []} since={since} />
        <HealthPanel state={state} />
      </aside>
    </div>
  )
}
