import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Navigate, NavLink, useParams } from 'react-router'
import { Waiting } from '../shell/states.tsx'
import { AuditTab } from './audit-tab.tsx'
import { GatesTab } from './gates-tab.tsx'
import { RegistryTab } from './registry-tab.tsx'
import { ShadowTab } from './shadow-tab.tsx'
import { TeachTab } from './teach-tab.tsx'
import { StationsTab } from './stations-tab.tsx'

const DriftTab = lazy(() => import('./drift-tab.tsx').then((m) => ({ default: m.DriftTab })))

const TABS = {
  stations: StationsTab,
  gates: GatesTab,
  shadow: ShadowTab,
  drift: DriftTab,
  audit: AuditTab,
  registry: RegistryTab,
  teach: TeachTab,
} as const
type Tab = keyof typeof TABS
const isTab = (name: string): name is Tab => name in TABS

/** The life of the models of this line: in force, tested, watched, audited. */
export function ModelsPage(): ReactNode {
  const { t } = useTranslation()
  const { tab = 'stations' } = useParams()
  if (!isTab(tab)) return <Navigate to="/models" replace />
  const Chosen = TABS[tab]
  return (
    <div className="page models-page">
      <nav className="tabs" aria-label={t('nav.models')}>
        {(Object.keys(TABS) as Tab[]).map((name) => (
          <NavLink key={name} to={`/models/${name}`} className={name === tab ? 'active' : ''}>
            {t(`models.tab.${name}`)}
          </NavLink>
        ))}
      </nav>
      <Suspense fallback={<Waiting />}>
        <Chosen />
      </Suspense>
    </div>
  )
}
