import { useQuery } from '@tanstack/react-query'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink, Navigate, useParams } from 'react-router'
import { getJson } from '../api/client.ts'
import { useText } from '../i18n/index.ts'
import { ErrorWords, Failed, Nothing, Waiting } from '../shell/states.tsx'
import type { ModuleStatus } from './module-types.ts'
import { ModulePanel } from './module-panel.tsx'

const TONE = {
  running: 'pass',
  'catching-up': 'inconclusive',
  paused: 'inconclusive',
  'needs-reference': 'inconclusive',
  failed: 'fail',
} as const

/** The scenario modules of the line; each page is drawn from the module's own declaration. */
export function ModulesPage(): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { slug } = useParams()
  const query = useQuery({
    queryKey: ['modules'],
    queryFn: ({ signal }) => getJson<{ modules: ModuleStatus[] }>('/api/modules', signal),
    refetchInterval: 5_000,
  })
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />
  if (!query.data) return <Waiting />
  const { modules } = query.data
  const first = modules[0]
  if (!first)
    return (
      <div className="page narrow">
        <Nothing title={t('modules.none')} hint={t('modules.noneHint')} />
      </div>
    )
  if (slug === undefined) return <Navigate to={`/modules/${first.manifest.slug}`} replace />
  const chosen = modules.find((m) => m.manifest.slug === slug)
  return (
    <div className="page modules-page">
      <aside className="module-list">
        {modules.map(({ manifest, state, activeAlerts, openActions }) => (
          <NavLink key={manifest.slug} to={`/modules/${manifest.slug}`}>
            <b>{text(manifest.title)}</b>
            <span className="muted small">
              {t('modules.scenario')} {manifest.scenario} · {text(manifest.link)}
            </span>
            <span className="small">
              <span className={`link-state tone-${TONE[state]}`}>
                <i className="dot" />
                {t(`modules.state.${state}`)}
              </span>
              {activeAlerts > 0 && <span className="chip">{t('modules.alerts', { n: activeAlerts })}</span>}
              {openActions > 0 && <span className="chip">{t('modules.actions', { n: openActions })}</span>}
            </span>
          </NavLink>
        ))}
      </aside>
      {chosen ? <ModuleView status={chosen} /> : <Nothing title={t('modules.unknown', { slug })} />}
    </div>
  )
}

function ModuleView({ status }: { status: ModuleStatus }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { manifest, view, fault, lag } = status
  return (
    <div className="module-view">
      <header>
        <h2>{text(view?.title ?? manifest.title)}</h2>
        <p className="muted">{text(manifest.summary)}</p>
      </header>
      {fault && (
        <div className="alarm tone-fail">
          <ErrorWords error={fault} />
        </div>
      )}
      {lag > 0 && <p className="tone-inconclusive small">{t('modules.lag', { n: lag })}</p>}
      <div className="panels">
        {view?.panels.map((panel) => (
          <ModulePanel key={panel.src} slug={manifest.slug} spec={panel} />
        ))}
      </div>
      {!view && <Nothing title={t('modules.noView')} hint={t('modules.noViewHint')} />}
      <footer className="muted small">
        <p>
          <b>{t('modules.limits')}</b> {text(manifest.limits)}
        </p>
        <p>
          <b>{t('modules.methods')}</b>{' '}
          {manifest.methods.map((m) => `${text(m.name)} (${m.source})`).join(' · ')}
        </p>
      </footer>
    </div>
  )
}
