import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartDetail } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { ErrorWords } from '../shell/states.tsx'

/** What the reject gate was told, whether it answered, and results that came too late to count. */
export function GatePanel({ part }: { part: PartDetail }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  return (
    <Panel title={t('gate.title')}>
      {part.gate.length === 0 && <p className="muted small">{t('gate.none')}</p>}
      {part.gate.map(({ command, ack }, i) => (
        <div className="code-read" key={i}>
          <b>{t(`gate.${command.action}`)}</b>
          <span className={ack.ok ? 'tone-pass' : 'tone-fail'}>
            {ack.ok ? t('gate.acknowledged') : t('gate.refused')}
          </span>
          {command.reason && <span>{text(command.reason)}</span>}
          {!ack.ok && (
            <span>
              <ErrorWords error={ack} />
            </span>
          )}
        </div>
      ))}
      {part.late.map((late, i) => (
        <div className="late" key={i}>
          <b className="tone-inconclusive">{t('gate.late')}</b> {timeText(late.at)}{' '}
          <VerdictBadge result={late.result} />{' '}
          <span className="muted">{late.reasons.map(text).join(' · ')}</span>
          <div className="muted small">{t('gate.lateHint')}</div>
        </div>
      ))}
    </Panel>
  )
}
