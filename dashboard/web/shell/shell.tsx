import { Segmented } from 'antd'
import { Suspense, useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { NavLink, Outlet, useLocation } from 'react-router'
import { useLine, usePlant } from '../api/hooks.ts'
import { setLanguage, useLanguage, useText, type Language } from '../i18n/index.ts'
import { useLive } from '../live/feed.ts'
import { clockText } from '../look/format.ts'
import { Eye } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'
import { screenZone, zoneName, zoneText } from '../look/zone.ts'
import { AccountMenu } from '../people/account-menu.tsx'
import { Guarded } from './broken.tsx'
import { ConnectionBanner } from './connection-banner.tsx'
import { OldAnswers } from './old-answers.tsx'
import { OldProgram } from './old-program.tsx'
import { PrintHead } from './print-head.tsx'
import { atPlant, OnLine } from './site.tsx'
import { Waiting } from './states.tsx'
import { useTitle } from './title.ts'

/** Header with navigation and language, the banner of a lost connection, and the page. */
export function Shell(): ReactNode {
  const { t } = useTranslation()
  const language = useLanguage()
  const { pathname, search } = useLocation()
  const [section = '', thing] = pathname.slice(1).split('/')
  const lot = new URLSearchParams(search).get('name') ?? decoded(thing)
  const named = section === 'lot' ? lot : section === 'ncr' ? decoded(thing) : ''
  const title = `${named && `${named} · `}${t(sectionName(section))}`
  useTitle(section === 'part' ? null : title)
  return (
    <div className="shell">
      <header className="head">
        <NavLink to="/" className="brand">
          <Eye size={22} />
          Sightline
        </NavLink>
        <nav aria-label={t('nav.pages')}>
          <NavLink to="/" end>
            {t(atPlant() ? 'plant.nav' : 'nav.live')}
          </NavLink>
          <NavLink to="/parts">{t('nav.parts')}</NavLink>
          <OnLine>
            <NavLink to="/review">
              {t('nav.review')}
              <Unreviewed />
            </NavLink>
            <NavLink to="/models">{t('nav.models')}</NavLink>
          </OnLine>
          <NavLink to="/analysis">{t('nav.analysis')}</NavLink>
          <NavLink to="/holds">{t('nav.holds')}</NavLink>
          <NavLink to="/ncr">{t('nav.ncr')}</NavLink>
          <OnLine>
            <NavLink to="/modules">{t('nav.modules')}</NavLink>
            <NavLink to="/system">{t('nav.system')}</NavLink>
            <NavLink to="/andon">{t('nav.andon')}</NavLink>
          </OnLine>
        </nav>
        <span className="grow" />
        {atPlant() ? (
          <PlantName />
        ) : (
          <>
            <LineName />
            <LinkState />
          </>
        )}
        <Clock />
        <AccountMenu />
        <Segmented<Language>
          aria-label={t('nav.language')}
          value={language}
          onChange={setLanguage}
          options={[
            { value: 'zh', label: '中文' },
            { value: 'en', label: 'English' },
          ]}
        />
      </header>
      <OnLine>
        <ConnectionBanner />
      </OnLine>
      <OldAnswers />
      <OldProgram />
      <main aria-label={title}>
        <h1 className="unseen">{title}</h1>
        <PrintHead />
        <Guarded key={section}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </Guarded>
      </main>
    </div>
  )
}

const SECTIONS = [
  'parts',
  'review',
  'models',
  'analysis',
  'holds',
  'ncr',
  'modules',
  'system',
  'accounts',
] as const

/** What the navigation calls the page; parts and lots stand below Parts. */
function sectionName(section: string): 'plant.nav' | 'nav.live' | `nav.${(typeof SECTIONS)[number]}` {
  const named = SECTIONS.find((s) => s === section)
  if (named) return `nav.${named}`
  return section === 'part' || section === 'lot' ? 'nav.parts' : atPlant() ? 'plant.nav' : 'nav.live'
}

function decoded(text: string | undefined): string {
  if (!text) return ''
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function LineName(): ReactNode {
  const text = useText()
  const line = useLine()
  return (
    line.data && (
      <span className="head-line">
        <b>{text(line.data.info.title)}</b>
        <span className="muted">
          {line.data.info.plant} / {line.data.info.line}
        </span>
      </span>
    )
  )
}

function PlantName(): ReactNode {
  const plant = usePlant()
  return plant.data && <span className="head-line muted">{plant.data.place}</span>
}

/** How many parts wait for review; nothing when none does, or nobody watches the models. */
function Unreviewed(): ReactNode {
  const waiting = useLine().data?.waitingReviews ?? 0
  return waiting === 0 ? null : <span className="count-badge">{waiting > 999 ? '999+' : waiting}</span>
}

function LinkState(): ReactNode {
  const { t } = useTranslation()
  const { connection, state } = useLive()
  const word =
    connection === 'open' && state
      ? t(`run.${state.run}`)
      : t(connection === 'lost' ? 'link.lost' : 'link.connecting')
  const tone =
    connection === 'lost'
      ? 'fail'
      : connection === 'open' && state?.run === 'running'
        ? 'pass'
        : 'inconclusive'
  return (
    <span className={`link-state tone-${tone}`} data-connection={connection}>
      <i className="dot" />
      {word}
    </span>
  )
}

/** The clock that all times on the pages go by, and whether that of this screen is another. */
export function Clock(): ReactNode {
  const { t } = useTranslation()
  const [now, setNow] = useState(() => new Date(lineNow()))
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date(lineNow())), 1_000)
    return () => clearInterval(timer)
  }, [])
  const here = screenZone(now)
  const zone = zoneName()
  const words =
    here === null ? t('nav.clock', { zone }) : t('nav.otherClock', { here, zone, there: zoneText(now) })
  return (
    <span className="clock" data-zone={zone} data-other-clock={here ?? undefined} title={words}>
      {clockText(now)}{' '}
      <small {...(here !== null && { role: 'note', 'aria-label': words })}>
        {zoneText(now)}
        {here !== null && ` ${t('nav.atLine')}`}
      </small>
    </span>
  )
}
