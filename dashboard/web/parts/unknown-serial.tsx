import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useSerialsFrom } from '../api/hooks.ts'
import { codeText } from '../look/format.ts'
import { Nothing } from '../shell/states.tsx'

/** Nobody has the serial: those that begin so, which somebody who typed the first part of one looks for. */
export function UnknownSerial({ serial }: { serial: string }): ReactNode {
  const { t } = useTranslation()
  const { data, isPending } = useSerialsFrom(serial)
  const found = data?.serials ?? []
  const title = t('parts.unknownSerial', { serial })
  if (isPending) return <Nothing title={title} />
  if (found.length === 0) return <Nothing title={title} hint={t('parts.unknownSerialHint')} />
  return (
    <>
      <Nothing title={title} hint={t(data?.more ? 'parts.serialsFromMore' : 'parts.serialsFrom')} />
      <p className="serials-from">
        {found.map((s) => (
          <Link key={s} className="chip mono" to={`/parts?serial=${encodeURIComponent(s)}`}>
            {codeText(s)}
          </Link>
        ))}
      </p>
    </>
  )
}
