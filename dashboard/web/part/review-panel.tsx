import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Decision } from '../api/decision.ts'
import { useUnitLife } from '../api/hooks.ts'
import { stateDisposition, stateReview } from '../api/life-hooks.ts'
import { RESULTS, type PartDetail, type VerdictResult } from '../api/types.ts'
import { DeedDialog, type Deed } from '../look/deed-dialog.tsx'
import { momentText } from '../look/format.ts'
import { goesOn } from '../look/goes-on.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Panel } from '../look/panel.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { LineButton } from '../shell/site.tsx'
import { BankButton } from '../models/bank-button.tsx'
import { DisposeButton } from './dispose-button.tsx'

const isVerdict = (text: string): text is VerdictResult => RESULTS.some((r) => r === text)

const NOTHING = { review: null, decision: null }

/** What people said about the part, and the way to say something. */
export function ReviewPanel({ part }: { part: PartDetail }): ReactNode {
  const { t } = useTranslation()
  const [verdict, setVerdict] = useState<VerdictResult | null>(null)
  const [releases, setReleases] = useState(false)
  /** Review and decision that were in force when one began to answer. */
  const [over, setOver] = useState<{ review: string | null; decision: string | null }>(NOTHING)
  const { row } = part
  const life = useUnitLife(row.serial).data?.units
  const unit = (life?.find((u) => u.product === row.product) ?? life?.[0])?.uri
  // Only what was found last can be decided about, and only what does not go on already needs it.
  const waits =
    unit !== undefined && part.siblings.at(-1)?.inspectionId === row.inspectionId && !goesOn(row.disposition)
  const still = waits && part.reviews.at(-1)?.after === 'pass'
  const open = (said: VerdictResult, release: boolean): void => {
    setReleases(release)
    setOver({ review: part.review, decision: row.decision?.fact ?? null })
    setVerdict(said)
  }
  const send = async (said: VerdictResult, deed: Deed, decision: Decision): Promise<void> => {
    const { inspectionId } = row
    await stateReview({ inspectionId, verdict: said, over: over.review, ...deed }, decision)
    if (!releases || unit === undefined) return
    const reason = deed.reason || t('dispose.goodReason')
    await stateDisposition(
      { unit, disposition: 'release', inspection: inspectionId, over: over.decision, by: deed.by, reason },
      decision,
    )
  }
  const word =
    verdict === 'pass'
      ? t(releases ? 'dispose.good' : 'review.good')
      : t(verdict === 'fail' ? 'review.bad' : 'review.unsure')
  return (
    <Panel title={t('review.here')}>
      {part.reviews.length === 0 && <p className="muted small">{t('review.noneDone')}</p>}
      {part.reviews.map((r, i) => (
        <div className="code-read" key={i}>
          <span className="mono muted">{momentText(r.at)}</span> {r.reviewer}
          {isVerdict(r.after) && <VerdictBadge result={r.after} />}
          <span className="muted">{r.reason}</span>
        </div>
      ))}
      {unit !== undefined && (
        <p className="tone-inconclusive" hidden={!still} data-still={still ? row.disposition : undefined}>
          {still &&
            t('dispose.still', { serial: row.serial, disposition: t(`disposition.${row.disposition}`) })}{' '}
          <DisposeButton
            unit={unit}
            name={row.serial}
            inspection={row.inspectionId}
            decision={row.decision}
            offered={still}
          />
        </p>
      )}
      {row.result !== 'pass' && row.noVerdict === null && part.reviews.at(-1)?.after === 'pass' && (
        <p>
          <BankButton inspectionId={row.inspectionId} serial={row.serial} />
        </p>
      )}
      <div className="hold-buttons">
        {RESULTS.map((r) => (
          <LineButton key={r} size="small" data-review={r} onClick={() => open(r, false)}>
            <span className={`tone-${r}`}>
              <VerdictIcon result={r} size={13} />
            </span>{' '}
            {t(r === 'pass' ? 'review.good' : r === 'fail' ? 'review.bad' : 'review.unsure')}
          </LineButton>
        ))}
        {waits && (
          <LineButton size="small" data-review="release" onClick={() => open('pass', true)}>
            <span className="tone-pass">
              <VerdictIcon result="pass" size={13} />
            </span>{' '}
            {t('dispose.good')}
          </LineButton>
        )}
      </div>
      {verdict !== null && (
        <DeedDialog
          title={`${t('review.here')}: ${row.serial}`}
          confirm={word}
          danger={verdict === 'fail'}
          reasonNeeded={false}
          act={(deed, decision) => send(verdict, deed, decision)}
          close={() => setVerdict(null)}
        >
          <p>{releases ? t('dispose.goodMeans') : t(`review.says.${verdict}`)}</p>
        </DeedDialog>
      )}
    </Panel>
  )
}
