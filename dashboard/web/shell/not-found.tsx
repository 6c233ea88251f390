import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { Nothing } from './states.tsx'
import { useTitle } from './title.ts'

export function NotFoundPage(): ReactNode {
  const { t } = useTranslation()
  useTitle(t('error.noPage'))
  return (
    <div className="page narrow">
      <Nothing title={t('error.noPage')} />
      <p className="centre">
        <Link to="/">{t('nav.live')}</Link>
      </p>
    </div>
  )
}
