import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { UnitLife } from '../api/types.ts'
import { momentText } from '../look/format.ts'
import { useHappening } from './happening.ts'
import { LifeInspection } from './life-inspection.tsx'

/** What happened to a unit, oldest first; its inspections with what they saw. */
export function UnitTimeline({ life }: { life: UnitLife }): ReactNode {
  const { t } = useTranslation()
  const happening = useHappening()
  const inspected = new Map(life.inspections.items.map((i) => [i.position, i]))
  return (
    <>
      <h3>{t('unitLife.timeline', { n: life.timeline.total })}</h3>
      <ul className="edges">
        {life.timeline.entries.map((e) => {
          const inspection = inspected.get(e.position)
          return (
            <li key={e.position} className={e.supersededBy === null ? '' : 'muted'}>
              <span className="muted mono">#{e.position}</span>{' '}
              <span className="mono">{momentText(e.at)}</span> <b>{happening(e.what)}</b>{' '}
              <span className="mono">{e.subject}</span> {e.text}{' '}
              {e.by && <span className="muted">({e.by})</span>}{' '}
              {e.supersededBy !== null && (
                <span className="chip">{t('unitLife.superseded', { n: e.supersededBy })}</span>
              )}
              {inspection && <LifeInspection of={inspection} />}
            </li>
          )
        })}
      </ul>
    </>
  )
}
