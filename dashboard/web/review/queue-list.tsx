import { useEffect, useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ReviewItem } from '../api/types.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Thumb } from '../look/thumb.tsx'

/** Who waits, oldest first; the one that is shown stays in sight. */
export function QueueList(p: {
  items: readonly ReviewItem[]
  current: string | null
  choose(item: ReviewItem): void
}): ReactNode {
  const { t } = useTranslation()
  const here = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // Newer browsers answer with a promise, which is no clean-up.
    void here.current?.scrollIntoView({ block: 'nearest' })
  }, [p.current])
  return (
    <div className="queue" role="listbox" aria-label={t('nav.review')}>
      {p.items.map((i) => (
        <button
          key={i.inspectionId}
          type="button"
          role="option"
          aria-selected={i.inspectionId === p.current}
          ref={i.inspectionId === p.current ? here : null}
          className={`queue-item edge-line-${i.result}`}
          onClick={() => p.choose(i)}
        >
          <Thumb className="row-thumb" image={i.image} />
          <span className="queue-text">
            <span className="mono">{i.serial}</span>
            <span className="small muted">
              <span className={`tone-${i.result}`}>
                <VerdictIcon result={i.result} size={12} />
              </span>{' '}
              {i.samples.map((s) => t(`review.sample.${s}`)).join(' · ')}
            </span>
          </span>
        </button>
      ))}
    </div>
  )
}
