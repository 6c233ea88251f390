import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Latency, LineInfo, LineState, PartRow, StationBalance, StationCounters } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { codeText, msText, timeText } from '../look/format.ts'
import { MoreDefects } from '../look/more-defects.tsx'
import { VerdictIcon } from '../look/icons.tsx'
import { Facts } from '../look/panel.tsx'
import { PartImage } from '../look/part-image.tsx'
import { classColour } from '../look/theme.ts'
import { useVerdictWord } from '../look/verdict-badge.tsx'
import { Nothing } from '../shell/states.tsx'
import { CountersRow } from './counters-row.tsx'
import { OperatorButton } from './operator-button.tsx'
import { useLastLoaded } from './last-loaded.ts'
import { LatencyBox } from './latency-box.tsx'
import { Strip } from './strip.tsx'
import { TriggerBalanceBox } from './trigger-balance-box.tsx'
import { className } from '../i18n/class-names.ts'

/** Width of the picture of the last part. */
const PICTURE_PX = 640

export interface StationCardProps {
  station: LineInfo['stations'][number]
  parts: readonly PartRow[]
  counters: StationCounters | undefined
  balance: StationBalance | undefined
  latency: Latency | undefined
  camera: LineState['stations'][number]['camera'] | undefined
}

/** One station: what it just decided, on what, and how it has been doing. */
export function StationCard({
  station,
  parts,
  counters,
  balance,
  latency,
  camera,
}: StationCardProps): ReactNode {
  const { t } = useTranslation()
  const last = useLastLoaded(parts[0], PICTURE_PX)
  return (
    <section className="station" data-station={station.id}>
      <header className="station-head">
        <h2>{station.id}</h2>
        <span className="muted">{station.recipe}</span>
        <span className="grow" />
        <OperatorButton station={station.id} />
        {camera && (
          <span
            className={`link-state tone-${camera.state === 'online' || camera.state === 'idle' ? 'pass' : 'fail'}`}
          >
            <i className="dot" />
            {t('live.camera')} {t(`camera.${camera.state}`)}
          </span>
        )}
      </header>
      {last ? <LastPart row={last} /> : <Nothing title={t('live.noParts')} hint={t('live.noPartsHint')} />}
      <Strip parts={parts} />
      <CountersRow counters={counters} />
      <div className="station-foot">
        <TriggerBalanceBox balance={balance} />
        <LatencyBox latency={latency} budgetMs={station.budgetMs} />
      </div>
    </section>
  )
}

function LastPart({ row }: { row: PartRow }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const word = useVerdictWord()
  return (
    <Link to={`/part/${row.inspectionId}`} className="last-part">
      <div className={`sign tone-${row.result}`} data-result={row.result}>
        <VerdictIcon result={row.result} size={56} />
        <span>{word(row)}</span>
        <span className="serial">{codeText(row.serial)}</span>
      </div>
      <PartImage row={row} width={PICTURE_PX} />
      <div className="last-facts">
        <ul className="reasons">
          {row.reasons.map((reason, i) => (
            <li key={i}>{text(reason)}</li>
          ))}
        </ul>
        {row.defects.length > 0 && (
          <ul className="defect-chips">
            {row.defects.slice(0, 6).map((defect, i) => (
              <li key={i} style={{ borderColor: classColour(defect.class) }}>
                {className(defect.class)} <b>{defect.score.toFixed(2)}</b>
              </li>
            ))}
            <MoreDefects of={row} shown={6} as="li" />
          </ul>
        )}
        <Facts
          items={[
            [t('parts.disposition'), <b key="d">{t(`disposition.${row.disposition}`)}</b>],
            [t('part.trigger'), row.trigger],
            [t('parts.lot'), row.lot ?? '–'],
            [
              t('parts.latency'),
              <span key="l" className={row.totalMs > row.budgetMs ? 'tone-fail' : ''}>
                {msText(row.totalMs)}
              </span>,
            ],
            [t('parts.time'), timeText(row.at)],
          ]}
        />
      </div>
    </Link>
  )
}
