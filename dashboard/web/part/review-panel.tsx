import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { RESULTS, type PartDetail, type VerdictResult } from '../api/types.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { timeText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Panel } from '../look/panel.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'

const isVerdict = (text: string): text is VerdictResult => RESULTS.some((r) => r === text)

/** What people said about the part, and the way to say something. */
export function ReviewPanel({ part }: { part: PartDetail }): ReactNode {
  const { t } = useTranslation()
  const [verdict, setVerdict] = useState<VerdictResult | null>(null)
  return (
    <Panel title={t('review.here')}>
      {part.reviews.map((r, i) => (
        <div className="code-read" key={i}>
          <span className="mono muted">{timeText(r.at)}</span> {r.reviewer}
          {isVerdict(r.after) && <VerdictBadge result={r.after} />}
          <span className="muted">{r.reason}</span>
        </div>
      ))}
      <div className="hold-buttons">
        {RESULTS.map((r) => (
          <Button key={r} size="small" data-review={r} onClick={() => setVerdict(r)}>
            <span className={`tone-${r}`}>
              <VerdictIcon result={r} size={13} />
            </span>{' '}
            {t(r === 'pass' ? 'review.good' : r === 'fail' ? 'review.bad' : 'review.unsure')}
          </Button>
        ))}
      </div>
      {verdict !== null && (
        <DeedDialog
          title={t('review.here')}
          confirm={t(
            verdict === 'pass' ? 'review.good' : verdict === 'fail' ? 'review.bad' : 'review.unsure',
          )}
          danger={verdict === 'fail'}
          reasonNeeded={false}
          act={(deed) =>
            sendJson('POST', '/api/life/reviews', {
              inspectionId: part.row.inspectionId,
              verdict,
              ...deed,
            })
          }
          close={() => setVerdict(null)}
        >
          <p>{t(`review.says.${verdict}`)}</p>
        </DeedDialog>
      )}
    </Panel>
  )
}
