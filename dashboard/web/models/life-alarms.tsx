import { Button } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { sendJson } from '../api/client.ts'
import { useDrift } from '../api/life-hooks.ts'
import { useText } from '../i18n/index.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { timeText } from '../look/format.ts'
import { WarnIcon } from '../look/icons.tsx'

/** Active alarms about models, each with the way to end it under one's name. */
export function LifeAlarms({ only }: { only?: 'score-drift' | 'escape-found' }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const alarms = (useDrift().data?.alarms ?? []).filter((a) => only === undefined || a.alarm === only)
  const [ending, setEnding] = useState<string | null>(null)
  if (alarms.length === 0) return null
  return (
    <div className="alarms" role="status">
      {alarms.map((a) => (
        <div key={a.id} className="alarm tone-fail" data-life-alarm={a.alarm}>
          <WarnIcon />
          <b>{a.station}</b>
          <code>{a.code}</code>
          <span>{text(a.message)}</span>
          {a.alarm === 'escape-found' && (
            <Link to={`/part/${a.id.slice('escape-found/'.length)}`}>{t('life.open')}</Link>
          )}
          <span className="grow" />
          <span className="muted nowrap">{timeText(a.since)}</span>
          <Button size="small" onClick={() => setEnding(a.id)}>
            {t('alarm.end')}
          </Button>
        </div>
      ))}
      {ending !== null && (
        <DeedDialog
          title={t('alarm.end')}
          confirm={t('alarm.end')}
          reasonNeeded={false}
          withoutReason
          act={({ by }) => sendJson('POST', '/api/life/alarms/end', { id: ending, by })}
          close={() => setEnding(null)}
        >
          <p>{t('alarm.endMeans')}</p>
        </DeedDialog>
      )}
    </div>
  )
}
