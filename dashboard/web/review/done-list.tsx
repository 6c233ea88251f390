import { Alert, Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { sendJson } from '../api/client.ts'
import type { ReviewItem } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { timeText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { BankButton } from '../models/bank-button.tsx'
import { Panel } from '../look/panel.tsx'

interface Exported {
  dir: string
  images: number
  missing: number
}

/** The newest decisions, each of which can be taken back, and the way of false calls into the next model. */
export function DoneList(p: {
  done: readonly ReviewItem[]
  /** Null = not now. */
  undo: ((done: ReviewItem) => void) | null
}): ReactNode {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const [exported, setExported] = useState<Exported | null>(null)
  const overkill = p.done.some((i) => i.result === 'fail' && i.verdict === 'pass')
  return (
    <Panel
      title={t('review.done')}
      extra={
        overkill && (
          <Button size="small" onClick={() => setAsking(true)}>
            {t('review.export')}
          </Button>
        )
      }
    >
      {exported && (
        <Alert
          type="success"
          closable={{ onClose: () => setExported(null) }}
          title={t('review.exported', { n: exported.images, missing: exported.missing })}
          description={
            <code>{`sightline teach --from PACKAGE --good "${exported.dir}" --out NEW --key-id NAME`}</code>
          }
        />
      )}
      {p.done.length === 0 && <p className="muted small">{t('review.noneDone')}</p>}
      <ol className="done">
        {p.done.map((i) => (
          <li key={i.inspectionId} data-done={i.inspectionId}>
            <Link className="mono" to={`/part/${i.inspectionId}`}>
              {i.serial}
            </Link>
            <Turned item={i} />
            <Button
              size="small"
              type="text"
              aria-label={t('review.undo')}
              title={t('review.undo')}
              disabled={p.undo === null}
              onClick={() => p.undo?.(i)}
            >
              ↶
            </Button>
            <span className="muted small">
              {i.reviewer} {i.reviewedAt && timeText(i.reviewedAt).slice(0, -4)} {i.reason}{' '}
              {i.result !== 'pass' && i.verdict === 'pass' && (
                <BankButton inspectionId={i.inspectionId} serial={i.serial} />
              )}
            </span>
          </li>
        ))}
      </ol>
      {asking && (
        <DeedDialog
          title={t('review.export')}
          confirm={t('review.export')}
          reasonNeeded={false}
          act={async ({ by }) =>
            setExported(await sendJson<Exported>('POST', '/api/life/overkill/export', { by }))
          }
          close={() => setAsking(false)}
        >
          <p>{t('review.exportMeans')}</p>
        </DeedDialog>
      )}
    </Panel>
  )
}

/** What the line said, and what the person did. */
function Turned({ item: i }: { item: ReviewItem }): ReactNode {
  const { t } = useTranslation()
  if (i.verdict === null) return null
  const words = `${t(`verdict.${i.result}`)} → ${t(`verdict.${i.verdict}`)}`
  return (
    <span className="nowrap" title={words} aria-label={words}>
      <span className={`tone-${i.result}`}>
        <VerdictIcon result={i.result} size={15} />
      </span>{' '}
      <span className="muted">→</span>{' '}
      <span className={`tone-${i.verdict}`}>
        <VerdictIcon result={i.verdict} size={15} />
      </span>
    </span>
  )
}
