import { Alert, Button, Input, Segmented } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { getJson, isUnknown } from '../api/client.ts'
import { unsure } from '../api/decision.ts'
import { PART_POLL_MS, preload } from '../api/hooks.ts'
import {
  retractFact,
  stateDisposition,
  stateReview,
  undoReview,
  useOnePart,
  useSend,
} from '../api/life-hooks.ts'
import type { PartAnswer, PartRow, ReviewItem, VerdictResult } from '../api/types.ts'
import { HoldButton } from '../holds/hold-button.tsx'
import { countText } from '../look/format.ts'
import { goesOn } from '../look/goes-on.ts'
import { usePerson } from '../look/person.ts'
import { useMustSignIn } from '../people/me.ts'
import { ErrorWords, Failed, Nothing, Waiting } from '../shell/states.tsx'
import { DecisionPanel } from './decision-panel.tsx'
import { DoneList } from './done-list.tsx'
import { FirstArticlesWait } from './first-articles-wait.tsx'
import { LostAnswer } from './lost-answer.tsx'
import { type Said, useLostAnswers } from './lost-answers.ts'
import { QueueList } from './queue-list.tsx'
import { useReviewKeys } from './review-keys.ts'
import { ReviewView } from './review-view.tsx'
import { useSameDecision } from './same-decision.ts'
import { useSeen } from './seen.ts'
import { type Filter, FILTERS, useShownPart } from './shown-part.ts'
import { StillHeld } from './still-held.tsx'

/** Parts that sampling picked, one after the other: look, decide, next. */
export function ReviewPage(): ReactNode {
  const { t } = useTranslation()
  const [person, setPerson, stands] = usePerson()
  const mustSignIn = useMustSignIn()
  const list = useShownPart()
  const { filter, reviews, waiting, at, item, setShown, goOn } = list
  // Each is about the part it was typed for, and still there for who comes back from another one.
  const [reasons, setReasons] = useState<ReadonlyMap<string, string>>(new Map())
  const [escape, setEscape] = useState<ReviewItem | null>(null)
  const [still, setStill] = useState<PartRow | null>(null)
  const [ignored, setIgnored] = useState(false)
  const reason = reasons.get(item?.inspectionId ?? '') ?? ''
  const part = useOnePart(item?.inspectionId ?? null, PART_POLL_MS)
  const seen = useSeen(part.data)
  // Behind the picture that is looked at.
  const next = seen ? waiting[at + 1]?.image : null
  useEffect(() => preload(next), [next])
  // What is said comes along: the page may show another part before it is sent.
  const same = useSameDecision()
  const lost = useLostAnswers()
  const decide = useSend(async ({ item: { inspectionId }, verdict, by, reason: typed, unit, over }: Said) => {
    const said = { inspectionId, verdict, by, reason: typed }
    // What arrived though its answer was lost stands now itself.
    const decision = same.of(inspectionId, { unit, ...said })
    // What waits here nobody has reviewed.
    await stateReview({ ...said, over: null }, decision)
    if (unit !== null) {
      const letGo = { unit, disposition: 'release', inspection: inspectionId, over, by } as const
      await stateDisposition({ ...letGo, reason: typed || t('dispose.goodReason') }, decision)
    }
    same.arrived(inspectionId)
  })
  const undo = useSend(async ({ inspectionId, reviewId: review }: ReviewItem) => {
    const by = person.trim()
    const decision = same.of(inspectionId, { undo: review, by })
    const answer = await getJson<PartAnswer>(`/api/parts/${inspectionId}`)
    const { row: part, review: inForce } = answer.part
    // What let the part go rests on the review that is taken back; of one that was replaced that is refused below.
    if (part.decision && goesOn(part.decision.disposition) && inForce === review)
      await retractFact({ supersedes: part.decision.fact, by, reason: t('review.undo') }, decision)
    await undoReview({ inspectionId, by, review }, decision)
    same.arrived(inspectionId)
  })
  const named = person.trim() !== '' && !mustSignIn
  const busy = decide.isPending || undo.isPending
  // What may be on record already can be said again: the server knows it by its id.
  const open = lost.has(item?.inspectionId)
  const gone = item !== null && at < 0 && !busy && !open && !reviews.isPlaceholderData
  // Who was refused since somebody else was first is told so there; over the next part it would be read as of that.
  const isTold = gone && decide.error !== null && decide.variables?.item.inspectionId === item.inspectionId
  useEffect(() => {
    if (isTold) decide.reset()
  }, [isTold])
  // One that went while its answer was under way has no neighbours any more.
  const move = (by: number): void =>
    item !== null && at < 0 ? goOn(item.position) : setShown(waiting[at + by] ?? item)
  const row = part.data?.part.row
  const waits =
    row !== undefined &&
    !goesOn(row.disposition) &&
    part.data?.part.siblings.at(-1)?.inspectionId === row.inspectionId
  const say = (verdict: VerdictResult, release = false): void => {
    // A picture that is not there yet must not be decided about.
    const tooSoon = item !== null && !gone && named && (busy || !seen)
    setIgnored(tooSoon)
    if (!item || gone || !named || tooSoon || (release && !waits)) return
    const { inspectionId, serial, position } = item
    const unit = release ? (row?.unit ?? `unit/${serial}`) : null
    const over = row?.decision?.fact ?? null
    const asked = { item, filter, verdict, by: person.trim(), reason: reason.trim(), unit, over }
    decide.mutate(asked, {
      onSettled: (_, error) => lost.settle(asked, error),
      onSuccess: () => {
        setStill(verdict === 'pass' && waits && !release && row ? row : null)
        if (item.result === 'pass' && verdict === 'fail') setEscape(item)
        setReasons((now) => new Map(now).set(inspectionId, ''))
        list.setAfter(position)
        // Who has gone to another part meanwhile stays there.
        setShown((now) => (now?.inspectionId === inspectionId ? null : now))
      },
    })
  }
  // The key takes one's own word back, never that of somebody who reviews at the same time.
  const last = reviews.data?.done.find((i) => i.reviewer === person.trim()) ?? null
  const takeBack = (done: ReviewItem): void => {
    if (!named || busy) return
    const { inspectionId } = done
    undo.mutate(done, {
      onSuccess: () => {
        setShown({ ...done, verdict: null })
        if (escape?.inspectionId === inspectionId) setEscape(null)
        if (still?.inspectionId === inspectionId) setStill(null)
      },
    })
  }
  useReviewKeys({
    machine: item?.result ?? null,
    say,
    move,
    // The second of a double press takes no second one back.
    undo: () => last && (seen || undo.variables?.inspectionId !== item?.inspectionId) && takeBack(last),
  })
  if (reviews.error && !reviews.data)
    return <Failed error={reviews.error} retry={() => void reviews.refetch()} />
  if (!reviews.data) return <Waiting />
  const { counts, done } = reviews.data
  const refused = unsure(decide.error) ? undo.error : (decide.error ?? undo.error)
  const goneWords = ({ inspectionId, serial }: ReviewItem): string => {
    if (isUnknown(part.error)) return t('review.goneUnknown', { serial })
    const { reviewer, verdict } = done.find((i) => i.inspectionId === inspectionId) ?? {}
    // It may be one's own word, whose answer was lost before another was said.
    return reviewer && verdict
      ? t('review.goneAs', { serial, by: reviewer, verdict: t(`verdict.${verdict}`) })
      : t('review.gone', { serial })
  }
  return (
    <div className="page review-page">
      <div className="toolbar">
        <b data-waiting={counts.waiting}>{t('review.waiting', { n: countText(counts.waiting) })}</b>
        <span className="muted">{t('review.reviewed', { n: countText(counts.reviewed) })}</span>
        {counts.notKept > 0 && (
          <span className="tone-inconclusive">{t('review.notKept', { n: countText(counts.notKept) })}</span>
        )}
        <Segmented<Filter>
          aria-label={t('icon.scope')}
          value={filter}
          onChange={list.setFilter}
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
          disabled={stands}
          onChange={(e) => setPerson(e.target.value)}
        />
      </div>
      {!named && (
        <Alert type="warning" showIcon title={t(mustSignIn ? 'review.signInFirst' : 'review.nameFirst')} />
      )}
      {ignored && <Alert type="warning" showIcon data-ignored="" title={t('review.tooSoon')} />}
      {refused && <Alert type="error" showIcon title={<ErrorWords error={refused} />} />}
      {lost.all.length > 0 && (
        <div className="lost-answers">
          {lost.all.map((l) => {
            const { inspectionId } = l.said.item
            const there = l.said.filter === filter && !reviews.isPlaceholderData
            return (
              <LostAnswer
                key={inspectionId}
                lost={l}
                waits={there ? waiting.some((i) => i.inspectionId === inspectionId) : null}
                heardMs={reviews.dataUpdatedAt}
                isShown={inspectionId === item?.inspectionId}
                show={setShown}
                forget={() => {
                  lost.settle(l.said, null)
                  same.arrived(inspectionId)
                }}
              />
            )
          })}
        </div>
      )}
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
      {list.missed !== null && (
        <Alert
          type="info"
          showIcon
          title={<span data-missed={list.missed}>{t('review.missed')}</span>}
          action={<Link to={`/part/${list.missed}`}>{t('review.missedPart')}</Link>}
        />
      )}
      {gone && (
        <Alert
          type="warning"
          showIcon
          title={<span data-gone={item.inspectionId}>{goneWords(item)}</span>}
          action={<Button onClick={() => goOn(item.position)}>{t('review.next')}</Button>}
        />
      )}
      {still && <StillHeld row={still} dismiss={() => setStill(null)} />}
      <div className="review-grid">
        <QueueList items={waiting} current={item?.inspectionId ?? null} choose={setShown} />
        {item ? (
          <ReviewView key="view" answer={part.data} error={part.error} retry={() => void part.refetch()} />
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
              ready={named && !gone && !busy && seen}
              reason={reason}
              setReason={(typed) => setReasons((now) => new Map(now).set(item.inspectionId, typed))}
              say={say}
              release={waits ? () => say('pass', true) : null}
            />
          )}
          {/* Not above: what comes and goes there moves picture and answers under the pointer. */}
          <FirstArticlesWait />
          <DoneList done={done} undo={named && !busy ? takeBack : null} />
        </div>
      </div>
    </div>
  )
}
