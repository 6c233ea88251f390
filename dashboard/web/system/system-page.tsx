import { useQuery } from '@tanstack/react-query'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLine } from '../api/hooks.ts'
import { useLanguage, useText } from '../i18n/index.ts'
import { useLive } from '../live/feed.ts'
import { AlarmBar } from '../live/alarm-bar.tsx'
import { HealthPanel } from '../live/health-panel.tsx'
import { countText, msText, spanText, timeText } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { VerdictIcon } from '../look/icons.tsx'
import { Failed, Waiting } from '../shell/states.tsx'
import { PeoplePanel } from './people-panel.tsx'
import { ShiftPanel } from './shift-panel.tsx'
import { SinksPanel } from './sinks-panel.tsx'
import { Wide } from '../look/wide.tsx'

interface Readiness {
  ready: boolean
  problems: string[]
}

/** `/readyz` answers 503 with the reasons: that is an answer here, not an error. */
const readiness = async (signal: AbortSignal): Promise<Readiness> =>
  (await (await fetch('/readyz', { signal })).json()) as Readiness

export function SystemPage(): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const language = useLanguage()
  const live = useLive()
  const line = useLine()
  const ready = useQuery({
    queryKey: ['readyz'],
    queryFn: ({ signal }) => readiness(signal),
    refetchInterval: 5_000,
  })
  if (!line.data)
    return line.error ? <Failed error={line.error} retry={() => void line.refetch()} /> : <Waiting />
  const { info, version, node, uptimeS, position, liveClients } = line.data
  const state = live.state ?? line.data.state
  return (
    <div className="page system-page">
      <AlarmBar state={state} most={Infinity} />
      <div className="system-grid">
        <Panel title={t('system.readiness')}>
          {ready.data && (
            <div className={`sign tone-${ready.data.ready ? 'pass' : 'fail'}`}>
              <VerdictIcon result={ready.data.ready ? 'pass' : 'fail'} size={30} />
              <span>{t(ready.data.ready ? 'system.ready' : 'system.notReady')}</span>
            </div>
          )}
          {ready.error && <p className="tone-fail">{t('error.network')}</p>}
          <ul className="reasons">
            {ready.data?.problems.map((p) => (
              <li key={p}>{p}</li>
            ))}
          </ul>
          <Facts
            items={[
              [t('system.version'), `Sightline ${version}`],
              ['Node.js', node],
              [t('system.uptime'), spanText(uptimeS)],
              [t('system.lineStarted'), timeText(info.startedAt)],
              [t('system.position'), countText(live.position || position)],
              [t('system.clients'), String(liveClients)],
            ]}
          />
        </Panel>
        <Panel title={t('system.line')}>
          <Facts
            items={[
              [t('system.plantLine'), `${info.plant} / ${info.line}`],
              [t('system.title'), text(info.title)],
              [t('nav.modules'), info.modules.join(', ') || '–'],
            ]}
          />
          <Wide>
            <table className="facts-table">
              <thead>
                <tr>
                  <th>{t('parts.station')}</th>
                  <th>{t('health.camera')}</th>
                  <th>{t('health.gate')}</th>
                  <th>{t('parts.recipe')}</th>
                  <th className="num">{t('latency.budget')}</th>
                </tr>
              </thead>
              <tbody>
                {info.stations.map((s) => (
                  <tr key={s.id}>
                    <td>{s.id}</td>
                    <td>{s.camera}</td>
                    <td>{s.reject}</td>
                    <td>{s.recipe}</td>
                    <td className="num">{msText(s.budgetMs)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        </Panel>
        <Panel title={t('system.degraded')}>
          {state.degraded.length === 0 && <p className="tone-pass">{t('system.noDegraded')}</p>}
          <ul className="reasons">
            {state.degraded.map((d) => (
              <li key={d.id} className="tone-inconclusive">
                {text(d.text)} <code>{d.id}</code>
              </li>
            ))}
          </ul>
        </Panel>
        <ShiftPanel />
        <HealthPanel state={state} />
        <PeoplePanel />
        <SinksPanel any={state.sinks.length > 0} />
        <Panel title={t('system.interfaces')}>
          <ul className="links">
            <li>
              <a href={`/docs?lang=${language}`}>/docs</a> <span className="muted">{t('system.docs')}</span>
            </li>
            <li>
              <a href="/openapi.json">/openapi.json</a> <span className="muted">{t('system.openapi')}</span>
            </li>
            <li>
              <a href="/metrics">/metrics</a> <span className="muted">{t('system.metrics')}</span>
            </li>
            <li>
              <a href="/healthz">/healthz</a> <span className="muted">{t('system.healthz')}</span>
            </li>
            <li>
              <a href="/readyz">/readyz</a> <span className="muted">{t('system.readyz')}</span>
            </li>
          </ul>
        </Panel>
      </div>
    </div>
  )
}
