import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { usePlant } from '../api/hooks.ts'
import type { PlantAnswer } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { countText, spanText, timeText } from '../look/format.ts'
import { WarnIcon } from '../look/icons.tsx'
import { Facts, Panel } from '../look/panel.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { Table } from '../look/wide.tsx'

type Line = PlantAnswer['lines'][number]

const TONE = { intact: 'pass', unproven: 'inconclusive', altered: 'fail', failed: 'fail' } as const

/** The lines of the plant: how far the log of each has come, when it was heard, and whether it is as it was signed. */
export function PlantPage(): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const plant = usePlant()
  if (plant.error && !plant.data) return <Failed error={plant.error} retry={() => void plant.refetch()} />
  if (!plant.data) return <Waiting />
  const { lines, alarms, place, version, node, uptimeS } = plant.data
  return (
    <div className="page stack">
      {alarms.length > 0 && (
        <div className="alarms" role="status">
          {alarms.map((a) => (
            <div
              className={`alarm tone-${a.alarm === 'behind' ? 'inconclusive' : 'fail'}`}
              key={`${a.log}/${a.alarm}`}
              data-plant-alarm={a.alarm}
            >
              <WarnIcon />
              <b>{a.log}</b>
              <span>{text(a.message)}</span>
            </div>
          ))}
        </div>
      )}
      <Panel title={t('plant.lines')} extra={<span className="muted">{countText(lines.length)}</span>}>
        <Table<Line>
          rowKey="log"
          size="small"
          dataSource={lines}
          pagination={false}
          locale={{ emptyText: <Nothing title={t('plant.none')} hint={t('plant.noneHint')} /> }}
          columns={[
            {
              title: t('plant.line'),
              className: 'mono',
              render: (_, l) => <Link to={`/parts?line=${encodeURIComponent(l.line)}`}>{l.line}</Link>,
            },
            {
              title: t('plant.received'),
              align: 'right',
              className: 'mono',
              render: (_, l) => countText(l.received),
            },
            {
              title: t('plant.behind'),
              align: 'right',
              className: 'mono',
              render: (_, l) => (l.events === null ? '–' : countText(Math.max(0, l.events - l.received))),
            },
            { title: t('plant.lastEvent'), className: 'mono', render: (_, l) => timeOr(l.lastEventAt) },
            { title: t('plant.seen'), className: 'mono', render: (_, l) => timeOr(l.seenAt) },
            {
              title: t('plant.imagesMissing'),
              align: 'right',
              className: 'mono',
              render: (_, l) => countText(l.imagesMissing),
            },
            { title: t('plant.check'), render: (_, l) => <Check of={l} /> },
            {
              title: t('plant.pages'),
              render: (_, l) => (l.address === null ? '–' : <a href={l.address}>{l.address}</a>),
            },
          ]}
        />
      </Panel>
      <Panel title={t('plant.server')}>
        <Facts
          items={[
            [t('plant.store'), place],
            [t('system.version'), `Sightline ${version}`],
            ['Node.js', node],
            [t('system.uptime'), spanText(uptimeS)],
          ]}
        />
      </Panel>
    </div>
  )
}

const timeOr = (at: string | null): string => (at === null ? '–' : timeText(at))

function Check({ of: { check, signed } }: { of: Line }): ReactNode {
  const { t } = useTranslation()
  if (check === null) return <span className="muted">{t('plant.notChecked')}</span>
  return (
    <>
      <span className={`tone-${TONE[check.state]}`}>{t(`plant.state.${check.state}`)}</span>{' '}
      <span className="muted">
        {t('plant.checked', {
          time: timeText(check.at),
          events: countText(check.events),
          signed: countText(signed),
        })}
      </span>
    </>
  )
}
