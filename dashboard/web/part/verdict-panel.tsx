import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { PartDetail, PartRow } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { lotPath } from '../holds/hold-words.ts'
import { codeText, momentText, timeText } from '../look/format.ts'
import { VerdictIcon } from '../look/icons.tsx'
import { Facts } from '../look/panel.tsx'
import { useVerdictWord } from '../look/verdict-badge.tsx'
import { ErrorWords } from '../shell/states.tsx'

export function VerdictPanel({ part }: { part: PartDetail }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const word = useVerdictWord()
  const { row, verdict } = part
  return (
    <section className={`panel verdict-panel edge-${row.result}`}>
      <div className={`sign tone-${row.result}`} data-result={row.result}>
        <VerdictIcon result={row.result} size={34} />
        <span>{word(row)}</span>
        <span className="sign-note">
          {t(`disposition.${row.disposition}`)}
          {row.ruledDisposition !== undefined &&
            row.ruledDisposition !== row.disposition &&
            ` (${t('ruledAs')} ${t(`disposition.${row.ruledDisposition}`)})`}
          {row.severity && ` · ${t(`severity.${row.severity}`)}`}
        </span>
      </div>
      <Decided decision={row.decision} />
      <ul className="reasons">
        {row.reasons.map((reason, i) => (
          <li key={i}>{text(reason)}</li>
        ))}
      </ul>
      {verdict.noVerdict && (
        <p className="small">
          <ErrorWords error={verdict.noVerdict} />
        </p>
      )}
      <Facts
        items={[
          [
            t('parts.serial'),
            <Link key="serial" className="mono" to={`/parts?serial=${encodeURIComponent(row.serial)}`}>
              {codeText(row.serial)}
            </Link>,
          ],
          [
            t('part.identifiedBy'),
            t(
              `identifiedBy.${row.identifiedBy === 'trigger' && verdict.codes.some((c) => c.ok) ? 'unnamed' : row.identifiedBy}`,
            ),
          ],
          [t('parts.station'), row.station],
          [
            t('part.trigger'),
            `${row.trigger}${row.attempt > 1 ? ` (${t('part.attempt')} ${timeText(new Date(row.attempt).toISOString())})` : ''}`,
          ],
          [t('part.product'), row.product],
          [
            t('parts.lot'),
            row.lot ? (
              <Link key="lot" to={lotPath(row.lot)}>
                {row.lot}
              </Link>
            ) : (
              '–'
            ),
          ],
          [t('parts.time'), momentText(row.at)],
        ]}
      />
    </section>
  )
}

/** What a person decided about the part, where that is in force. */
export function Decided({ decision }: Pick<PartRow, 'decision'>): ReactNode {
  const { t } = useTranslation()
  return (
    decision && (
      <p className="small" data-decision={decision.disposition}>
        <b>{t('dispose.decided')}</b>: {t(`disposition.${decision.disposition}`)} · {decision.reason}{' '}
        <span className="muted">
          ({decision.by}, {momentText(decision.at)})
        </span>
      </p>
    )
  )
}
