import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { thumbUrl } from '../api/hooks.ts'

/** The golden template of a recipe, for comparison by eye. */
export function GoldenImage({ sha256 }: { sha256: string | null }): ReactNode {
  const { t } = useTranslation()
  const [broken, setBroken] = useState<string | null>(null)
  if (sha256 === null || broken === sha256) return <div className="no-image">{t('models.noGolden')}</div>
  return (
    <figure>
      <img src={thumbUrl(sha256, 320)} alt={t('viewer.golden')} onError={() => setBroken(sha256)} />
      <figcaption className="muted small">{t('viewer.golden')}</figcaption>
    </figure>
  )
}
