import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { thumbUrl } from '../api/hooks.ts'
import { useRestored } from '../live/feed.ts'

/** The image of a part in a list; a dash where it has none, and where it cannot be had, as after its time was over. */
export function Thumb(p: {
  /** SHA-256; null = none. */
  image: string | null
  className: string
  /** What it shows, where nothing beside it says so. */
  alt?: string
}): ReactNode {
  const { t } = useTranslation()
  const restored = useRestored()
  const [broken, setBroken] = useState<{ image: string; restored: number } | null>(null)
  const gone = p.image !== null && broken?.image === p.image && broken.restored === restored
  if (p.image === null || gone)
    return (
      <span className={`${p.className} muted`} title={t(gone ? 'part.imageNotShown' : 'part.noImage')}>
        –
      </span>
    )
  const { image } = p
  return (
    <img
      className={p.className}
      src={thumbUrl(image, 96)}
      alt={p.alt ?? ''}
      loading="lazy"
      onError={() => setBroken({ image, restored })}
    />
  )
}
