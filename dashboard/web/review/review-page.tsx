import { Alert, Button, Input, Segmented } from 'antd'
import { useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { getJson, sendJson } from '../api/client.ts'
import { retractFact, stateDisposition, useOnePart, useReviews, useSend } from '../api/life-hooks.ts'
import type { PartAnswer, PartRow, ReviewItem, VerdictResult } from '../api/types.ts'
import { HoldButton } from '../holds/hold-button.tsx'
import { countText } from '../look/format.ts'
import { goesOn } from '../look/goes-on.ts'
import { usePerson } from '../look/person.ts'
import { ErrorWords, Failed, Nothing, Waiting } from '../shell/states.tsx'
import { DecisionPanel } from './decision-panel.tsx'
import { DoneList } from './done-list.tsx'
import { QueueList } from './queue-list.tsx'
import { useReviewKeys } from './review-keys.ts'
import { ReviewView } from './review-view.tsx'
import { StillHeld } from './still-held.tsx'

const FILTERS = ['all', 'grey', 'audit', 'band', 'background'] as const
type Filter = (typeof FILTERS)[number]

/** Parts that sampling picked, one after the other: look, decide, next. */
export function ReviewPage(): ReactNode {
  const { t } = useTranslation()
  const reviews = useReviews()
  const [person, setPerson] = usePerson()
  const [filter, setFilter] = useState<Filter>('all')
  const [chosen, setChosen] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const [escape, setEscape] = useState<ReviewItem | null>(null)
  const [still, setStill] = useState<PartRow | null>(null)
  const waiting = useMemo(
    () => (reviews.data?.waiting ?? []).filter((i) => filter === 'all' || i.samples.includes(filter)),
    [reviews.data, filter],
  )
  const at = Math.max(
    0,
    waiting.findIndex((i) => i.inspectionId === chosen),
  )
  const item = waiting[at] ?? null
  const part = useOnePart(item?.inspectionId ?? null)
  const decide = useSend(async ({ verdict, release }: { verdict: VerdictResult; release: boolean }) => {
    if (!item) return
    const { inspectionId, serial } = item
    const said = { inspectionId, by: person.trim(), reason: reason.trim() }
    await sendJson('POST', '/api/life/reviews', { ...said, verdict })
    if (!release) return
    await stateDisposition({
      unit: part.data?.part.row.unit ?? `unit/${serial}`,
      disposition: 'release',
      inspection: inspectionId,
      by: said.by,
      reason: said.reason || t('dispose.goodReason'),
    })
  })
  const undo = useSend(async (inspectionId: string) => {
    const by = person.trim()
    const answer = await getJson<PartAnswer>(`/api/parts/${inspectionId}`)
    const { decision } = answer.part.row
    // What let the part go rests on the review that is taken back.
    if (decision && goesOn(decision.disposition))
      await retractFact({ supersedes: decision.fact, by, reason: t('review.undo') })
    await sendJson('POST', '/api/life/reviews/undo', { inspectionId, by })
  })
  const named = person.trim() !== ''
  const busy = decide.isPending || undo.isPending
  const move = (by: number): void => setChosen(waiting[at + by]?.inspectionId ?? item?.inspectionId ?? null)
  const row = part.data?.part.row
  const waits =
    row !== undefined &&
    !goesOn(row.disposition) &&
    part.data?.part.siblings.at(-1)?.inspectionId === row.inspectionId
  const say = (verdict: VerdictResult, release = false): void => {
    // A picture that is not there yet must not be decided about.
    if (!item || !named || busy || !part.data || (release && !waits)) return
    const next = waiting[at + 1] ?? waiting[at - 1]
    const asked = { verdict, release }
    decide.mutate(asked, {
      onSuccess: () => {
        setStill(verdict === 'pass' && waits && !asked.release && row ? row : null)
        if (item.result === 'pass' && verdict === 'fail') setEscape(item)
        setReason('')
        setChosen(next?.inspectionId ?? null)
      },
    })
  }
  const last = reviews.data?.done[0] ?? null
  const takeBack = (inspectionId: string): void => {
    if (!named || busy) return
    undo.mutate(inspectionId, {
      onSuccess: () => {
        setChosen(inspectionId)
        if (escape?.inspectionId === inspectionId) setEscape(null)
        if (still?.inspectionId === inspectionId) setStill(null)
      },
    })
  }
  useReviewKeys({
    machine: item?.result ?? null,
    say,
    move,
    undo: () => last && takeBack(last.inspectionId),
  })
  if (reviews.error && !reviews.data)
    return <Failed error={reviews.error} retry={() => void reviews.refetch()} />
  if (!reviews.data) return <Waiting />
  const { counts, done } = reviews.data
  const refused = decide.error ?? undo.error
  return (
    <div className="page review-page">
      <div className="toolbar">
        <b data-waiting={counts.waiting}>{t('review.waiting', { n: countText(counts.waiting) })}</b>
        <span className="muted">{t('review.reviewed', { n: countText(counts.reviewed) })}</span>
        {counts.notKept > 0 && (
          <span className="tone-inconclusive">{t('review.notKept', { n: countText(counts.notKept) })}</span>
        )}
        <Segmented<Filter>
          value={filter}
          onChange={setFilter}
          options={FILTERS.map((value) => ({ value, label: t(`review.filter.${value}`) }))}
        />
        <span className="grow" />
        <Link to="/models/audit">{t('models.tab.audit')} →</Link>
        <Input
          className="w-name"
          aria-label={t('deed.by')}
          placeholder={t('deed.by')}
          status={named ? '' : 'warning'}
          value={person}
          maxLength={128}
          onChange={(e) => setPerson(e.target.value)}
        />
      </div>
      {!named && <Alert type="warning" showIcon title={t('review.nameFirst')} />}
      {refused && <Alert type="error" showIcon title={<ErrorWords error={refused} />} />}
      {escape && (
        <Alert
          type="error"
          showIcon
          title={
            <span className="escape" data-escape={escape.inspectionId}>
              {t('review.escape', { serial: escape.serial })}{' '}
              <HoldButton
                target={`unit/${escape.serial}`}
                name={escape.serial}
                reason={t('review.escapeReason', { serial: escape.serial })}
              />{' '}
              {escape.lot && (
                <HoldButton
                  target={`lot/${escape.lot}`}
                  name={escape.lot}
                  reason={t('review.escapeReason', { serial: escape.serial })}
                />
              )}
            </span>
          }
          action={<Button onClick={() => setEscape(null)}>{t('review.dismiss')}</Button>}
        />
      )}
      {still && <StillHeld row={still} dismiss={() => setStill(null)} />}
      <div className="review-grid">
        <QueueList items={waiting} current={item?.inspectionId ?? null} choose={setChosen} />
        {item ? (
          <ReviewView key="view" answer={part.data} error={part.error} />
        ) : (
          <div className="review-empty">
            <Nothing title={t('review.empty')} hint={t('review.emptyHint')} />
          </div>
        )}
        <div className="review-side">
          {item && (
            <DecisionPanel
              item={item}
              part={part.data ?? null}
              ready={named && !busy && part.data !== undefined}
              reason={reason}
              setReason={setReason}
              say={say}
              release={waits ? () => say('pass', true) : null}
            />
          )}
          <DoneList done={done} undo={named && !busy ? takeBack : null} />
        </div>
      </div>
    </div>
  )
}
