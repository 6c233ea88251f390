import { Button } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNewProgram } from '../live/new-program.ts'

/** The server was updated under this page, which would not know what it answers now. */
export function OldProgram(): ReactNode {
  const { t } = useTranslation()
  if (!useNewProgram()) return null
  return (
    <div className="banner tone-inconclusive" role="status" data-old-program="">
      <b>{t('update.title')}</b>
      <span>{t('update.hint')}</span>
      <Button onClick={() => location.reload()}>{t('update.load')}</Button>
    </div>
  )
}
