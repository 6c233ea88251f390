import { Input } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { PartAnswer, ReviewItem, VerdictResult } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { lotPath } from '../holds/hold-words.ts'
import { codeText, timeText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Facts, Panel } from '../look/panel.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { Decided } from '../part/verdict-panel.tsx'
import { opposite } from './review-keys.ts'

/** What the line said, and the answers a person can give. */
export function DecisionPanel(p: {
  item: ReviewItem
  part: PartAnswer | null
  ready: boolean
  reason: string
  setReason(reason: string): void
  say(verdict: VerdictResult): void
  /** Good, and let go at once; null where nothing holds the part. */
  release: (() => void) | null
}): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { item, part, ready, say } = p
  const turned = opposite(item.result)
  const row = part?.part.row
  return (
    <Panel
      title={t('review.machine')}
      extra={<VerdictBadge result={item.result} noVerdict={row?.noVerdict ?? null} />}
      className="decision"
    >
      <ul className="reasons">
        {row?.reasons.map((r, i) => (
          <li key={i}>{text(r)}</li>
        ))}
      </ul>
      <Decided decision={row?.decision ?? null} />
      <div className="answers">
        {turned && (
          <>
            <Answer verdict={item.result} keyName="c" word={t('review.confirm')} ready={ready} say={say} />
            <Answer verdict={turned} keyName="o" word={t('review.overturn')} ready={ready} say={say} />
          </>
        )}
        {!turned && (
          <>
            <Answer verdict="pass" keyName="p" word={t('review.good')} ready={ready} say={say} />
            <Answer verdict="fail" keyName="f" word={t('review.bad')} ready={ready} say={say} />
          </>
        )}
        {p.release && (
          <Answer
            verdict="pass"
            keyName="r"
            word={t('dispose.good')}
            means={t('dispose.goodMeans')}
            ready={ready}
            say={p.release}
          />
        )}
        <Answer verdict="inconclusive" keyName="x" word={t('review.unsure')} ready={ready} say={say} />
      </div>
      <Input
        value={p.reason}
        maxLength={500}
        placeholder={t('deed.reasonOptional')}
        onChange={(e) => p.setReason(e.target.value)}
        onPressEnter={(e) => e.currentTarget.blur()}
      />
      <Facts
        items={[
          [
            t('parts.serial'),
            <Link key="s" className="mono" to={`/part/${item.inspectionId}`}>
              {codeText(item.serial)}
            </Link>,
          ],
          [t('review.why'), item.samples.map((s) => t(`review.sample.${s}`)).join(' · ')],
          [t('parts.station'), `${item.station} · ${item.recipe}`],
          [
            t('parts.lot'),
            item.lot ? (
              <Link key="l" to={lotPath(item.lot)}>
                {item.lot}
              </Link>
            ) : (
              '–'
            ),
          ],
          [t('parts.time'), timeText(item.at)],
          ...Object.entries(part?.part.verdict.scores ?? {}).map(
            ([name, value]) =>
              [
                name,
                <span key={name} className="mono">
                  {value.toFixed(4)}
                </span>,
              ] as const,
          ),
        ]}
      />
      <p className="muted small" data-keys>
        {[
          turned && t('review.keysTurn'),
          t('review.keysSay'),
          p.release && t('review.keysRelease'),
          t('review.keysMove'),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </Panel>
  )
}

function Answer(p: {
  verdict: VerdictResult
  keyName: string
  word: string
  /** What it says, where that is more than the verdict. */
  means?: string
  ready: boolean
  say(verdict: VerdictResult): void
}): ReactNode {
  const { t } = useTranslation()
  return (
    <button
      type="button"
      className={`answer tone-${p.verdict}`}
      data-answer={p.keyName}
      disabled={!p.ready}
      onClick={() => p.say(p.verdict)}
    >
      <VerdictIcon result={p.verdict} size={20} />
      <span>
        <b>{p.word}</b>
        <small>{p.means ?? t(`review.says.${p.verdict}`)}</small>
      </span>
      <kbd>{p.keyName}</kbd>
    </button>
  )
}
