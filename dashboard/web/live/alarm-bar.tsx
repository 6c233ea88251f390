import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { bare } from '../api/client.ts'
import type { LineState } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { countText, timeText } from '../look/format.ts'
import { WarnIcon } from '../look/icons.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { fewAlarms, isOfNow } from './few-alarms.ts'

const NAMED = [
  'fault',
  'consecutive',
  'rate',
  'same-place',
  'canary-rollback',
  'canary-failed',
  'canary-shadow',
  'shadow-lost',
  'score-drift',
  'escape-found',
  'review-overdue',
] as const
const named = (alarm: string): alarm is (typeof NAMED)[number] => NAMED.some((n) => n === alarm)

/**
 * Active alarms and declared degraded modes, which stand before the alarms that wait for a person: these may be hundreds.
 * Takes no room when there is nothing to say.
 *
 * @param most alarms of one kind at a station that are shown, the newest
 */
export function AlarmBar({ state, most }: { state: LineState; most?: number }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  if (state.alarms.length === 0 && state.degraded.length === 0 && state.run !== 'stopped') return null
  const few = fewAlarms(state.alarms, most)
  const rows = ({ shown, more }: (typeof few)[number]): ReactNode =>
    shown.map((a, i) => (
      <OneAlarm
        key={`${a.station}/${a.alarm}/${a.since}/${typeof a.message === 'string' ? a.message : a.message.en}`}
        alarm={a}
        more={i === shown.length - 1 ? more : 0}
      />
    ))
  return (
    <div className="alarms" role="status">
      {state.run === 'stopped' && (
        <div className="alarm tone-fail">
          <WarnIcon />
          <b>{t('run.stopped')}</b>
        </div>
      )}
      {few.filter((group) => group.shown.some(isOfNow)).map(rows)}
      {state.degraded.map((d) => (
        <div className="alarm tone-inconclusive" key={d.id}>
          <WarnIcon />
          <b>{t('live.degraded')}</b>
          <span>{text(d.text)}</span>
        </div>
      ))}
      {few.filter((group) => !group.shown.some(isOfNow)).map(rows)}
    </div>
  )
}

function OneAlarm({ alarm: a, more }: { alarm: LineState['alarms'][number]; more: number }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  return (
    <div className="alarm tone-fail">
      <WarnIcon />
      <b>{a.station}</b>
      <span className="alarm-name">{named(a.alarm) ? t(`alarm.${a.alarm}`) : a.alarm}</span>
      {typeof a.message === 'string' ? (
        <span>
          <ErrorWords error={a.code === a.alarm ? a.message : { code: a.code, message: a.message }} />
        </span>
      ) : (
        <>
          {a.code !== a.alarm && <code>{a.code}</code>}
          <span>{a.code === a.alarm ? text(a.message) : bare(text(a.message), a.code)}</span>
        </>
      )}
      {more > 0 && (
        <Link to="/system" data-more-alarms={more}>
          {t('alarm.more', { n: countText(more) })}
        </Link>
      )}
      <span className="grow" />
      <span className="muted">
        {t('live.since')} {timeText(a.since)}
      </span>
    </div>
  )
}
