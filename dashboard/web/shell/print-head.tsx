import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLine, usePlant } from '../api/hooks.ts'
import { useText } from '../i18n/index.ts'
import { momentText } from '../look/format.ts'
import { lineNow } from '../look/line-clock.ts'
import { usePrinting } from '../look/printing.ts'
import { atPlant } from './site.tsx'

/** First line on paper: of which line this is, where it was read, and when it was printed. */
export function PrintHead(): ReactNode {
  return usePrinting() ? <p className="print-head">{atPlant() ? <OfPlant /> : <OfLine />}</p> : null
}

function OfLine(): ReactNode {
  const text = useText()
  const info = useLine().data?.info
  return <Words of={info ? `${text(info.title)} (${info.plant} / ${info.line})` : ''} />
}

const OfPlant = (): ReactNode => <Words of={usePlant().data?.place ?? ''} />

function Words({ of }: { of: string }): ReactNode {
  const { t } = useTranslation()
  return (
    <>
      <b>Sightline</b> {of} · {location.href} ·{' '}
      {t('nav.printed', { at: momentText(new Date(lineNow()).toISOString()) })}
    </>
  )
}
