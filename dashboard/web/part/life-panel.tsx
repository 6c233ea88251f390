import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { PartDetail } from '../api/types.ts'
import { momentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { useHappening } from './happening.ts'

/** The life of the serial: its other inspections, what it was made from, and every event about it. */
export function LifePanel({ part }: { part: PartDetail }): ReactNode {
  const { t } = useTranslation()
  const happening = useHappening()
  const { row, siblings, edges, events } = part
  return (
    <Panel
      title={t('life.title')}
      extra={<span className="muted">{t('life.inspections', { n: siblings.length })}</span>}
    >
      <ol className="life">
        {siblings.map((s) => (
          <li key={s.inspectionId} className={`tone-line-${s.result}`}>
            <span className="mono muted">{momentText(s.at)}</span> {s.station}{' '}
            <VerdictBadge result={s.result} noVerdict={s.noVerdict} />{' '}
            {s.inspectionId === row.inspectionId ? (
              <span className="chip">{t('life.thisOne')}</span>
            ) : (
              <Link to={`/part/${s.inspectionId}`}>{t('life.open')}</Link>
            )}
          </li>
        ))}
      </ol>
      {edges.length > 0 && (
        <>
          <h3>{t('life.genealogy')}</h3>
          <ul className="edges">
            {edges.map((e, i) => (
              <li key={i}>
                <span className="mono">{e.child}</span> <span className="muted">→ {happening(e.kind)} →</span>{' '}
                <span className="mono">{e.parent}</span>
                {e.certainty === 'probable' && <span className="chip">{t('life.probable')}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{t('life.events')}</h3>
      <ul className="edges">
        {events.map((e) => (
          <li key={e.position}>
            <span className="muted mono">#{e.position}</span> <span className="mono">{momentText(e.at)}</span>{' '}
            <EventName type={e.type} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

const NAMED = [
  'qe.inspection.completed.v1',
  'qe.verdict.reviewed.v1',
  'qe.trace.linked.v1',
  'qe.station.health.v1',
  'qe.gate.held.v1',
  'qe.gate.failed.v1',
  'qe.read.stray.v1',
  'qe.identity.changed.v1',
] as const

/** The core's own events by name, others by type. Dots part keys of texts, so they stand as underscores there. */
function EventName({ type }: { type: string }): ReactNode {
  const { t } = useTranslation()
  const named = NAMED.find((n) => n === type)
  if (!named) return <code>{type}</code>
  const key = named.replaceAll('.', '_') as 'qe_inspection_completed_v1'
  return <span title={type}>{t(`life.type.${key}`)}</span>
}
