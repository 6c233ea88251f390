import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLive } from '../live/feed.ts'
import { clockText } from '../look/format.ts'
import { LinkLostIcon } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'

/** What is on the screen may be old: say so, loudly, with the time it dates from. */
export function ConnectionBanner(): ReactNode {
  const { t } = useTranslation()
  const { connection, heardAtMs } = useLive()
  if (connection !== 'lost') return null
  return (
    <div className="banner tone-fail" role="alert">
      <LinkLostIcon size={20} />
      <b>{t('link.banner')}</b>
      <span>
        {heardAtMs === null
          ? t('link.never')
          : t('link.since', { time: clockText(new Date(lineNow(heardAtMs)), new Date(lineNow())) })}
      </span>
    </div>
  )
}
