import { Segmented } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useHolds, useRecall } from '../api/life-hooks.ts'
import { isUnknown } from '../api/client.ts'
import type { Hold } from '../api/types.ts'
import { countText, timeText } from '../look/format.ts'
import { usePaging } from '../look/printing.ts'
import { Panel } from '../look/panel.tsx'
import { useUrlChoice } from '../look/url-choice.ts'
import { NcrButton } from '../ncr/ncr-button.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { HoldButton, HoldDialog, type HoldAsked } from './hold-button.tsx'
import { lotPath, placeCounts, shortTarget } from './hold-words.ts'
import { Table } from '../look/wide.tsx'

/** Up to so many holds, what they stopped is shown at once. */
const OPENED = 5
const NAMED_UNITS = 40

/** What is on hold and what each hold stopped; who let the others go, and why. */
export function HoldsPage(): ReactNode {
  const { t } = useTranslation()
  const [scope, setScope] = useUrlChoice('show', ['open', 'all'], 'open')
  const all = scope === 'all'
  const paging = usePaging()
  const holds = useHolds()
  const [releasing, setReleasing] = useState<HoldAsked | null>(null)
  if (holds.error && !holds.data) return <Failed error={holds.error} retry={() => void holds.refetch()} />
  if (!holds.data) return <Waiting />
  const shown = all ? holds.data : holds.data.filter((h) => h.releasedAt === null)
  return (
    <div className="page">
      <div className="toolbar">
        <Segmented<boolean>
          aria-label={t('icon.scope')}
          value={all}
          onChange={(value) => setScope(value ? 'all' : 'open')}
          options={[
            { value: false, label: t('holds.inForce') },
            { value: true, label: t('holds.all') },
          ]}
        />
        <span className="muted">{t('holds.howTo')}</span>
      </div>
      <Panel title={t('holds.title')} extra={<span className="muted">{countText(shown.length)}</span>}>
        <Table<Hold>
          rowKey="id"
          size="small"
          dataSource={shown}
          pagination={paging(shown.length, 30)}
          locale={{ emptyText: <Nothing title={t('holds.none')} hint={t('holds.noneHint')} /> }}
          expandable={{
            expandedRowRender: (hold) => <Stopped hold={hold} />,
            defaultExpandAllRows: shown.length <= OPENED,
            columnTitle: <span className="unseen">{t('icon.expand')}</span>,
          }}
          columns={[
            {
              title: t('holds.target'),
              className: 'mono',
              render: (_, h) => (
                <span className="long-name">
                  <TargetLink target={shortTarget(h.target)} />
                </span>
              ),
            },
            { title: t('deed.reason'), className: 'wrap', dataIndex: 'reason' },
            { title: t('holds.by'), className: 'wrap', render: (_, h) => h.by },
            { title: t('plant.placedAt'), className: 'mono', render: (_, h) => <Placed at={h} /> },
            { title: t('holds.since'), className: 'mono', render: (_, h) => timeText(h.at) },
            {
              title: t('nav.ncr'),
              render: (_, h) => <NcrButton draft={{ title: h.reason, targets: [h.target] }} />,
            },
            {
              title: t('holds.released'),
              className: 'wrap',
              render: (_, h) =>
                h.releasedAt === null ? (
                  <HoldButton target={h.target} name="" held ask={setReleasing} />
                ) : (
                  <>
                    {h.releasedBy}
                    {h.releaseLog && <span className="mono"> {h.releaseLog}</span>}{' '}
                    <span className="mono muted">{timeText(h.releasedAt)}</span> {h.releaseReason}
                  </>
                ),
            },
          ]}
        />
      </Panel>
      {releasing && <HoldDialog asked={releasing} close={() => setReleasing(null)} />}
    </div>
  )
}

/** Where a person placed it; in a plant also which lines apply it by now. */
function Placed({ at: { originLog, takenBy } }: { at: Hold }): ReactNode {
  const { t } = useTranslation()
  const where = originLog === 'plant' ? t('plant.itself') : (originLog ?? t('plant.here'))
  if (takenBy === undefined) return where
  return (
    <>
      {where}{' '}
      <span className="muted" data-taken-by={takenBy.join(' ')}>
        {t('plant.takenBy')}: {takenBy.join(', ') || t('plant.nobody')}
      </span>
    </>
  )
}

function TargetLink({ target }: { target: string }): ReactNode {
  if (target.startsWith('lot/')) return <Link to={lotPath(target.slice(4))}>{target}</Link>
  if (target.startsWith('unit/'))
    return <Link to={`/parts?serial=${encodeURIComponent(target.slice(5))}`}>{target}</Link>
  return target
}

/** Where the parts are that a hold concerns. Of a station or recipe: those judged since. */
function Stopped({ hold }: { hold: Hold }): ReactNode {
  const { t } = useTranslation()
  const target = shortTarget(hold.target)
  const byTime = /^(station|recipe|model)\//.test(target)
  const recall = useRecall(hold.target, byTime ? hold.at : undefined)
  if (isUnknown(recall.error)) return <span className="muted">{t('holds.noParts')}</span>
  if (recall.error && !recall.data) return <Failed error={recall.error} retry={() => void recall.refetch()} />
  if (!recall.data) return <Waiting />
  const { data } = recall
  const held = data.units.filter((u) => u.place === 'held')
  return (
    <div>
      <b>{t('holds.concerned', { n: countText(data.units.length) })}</b>{' '}
      {data.cut && <span className="tone-fail">{t('holds.cut')} </span>}
      {placeCounts(data).map(([place, n]) => (
        <span className="chip" key={place}>
          {t(`unitLife.place.${place}`)} {countText(n)}
        </span>
      ))}
      <div className="serial-chips">
        {held.slice(0, NAMED_UNITS).map((u) => (
          <Link key={u.uri} className="chip" to={`/parts?serial=${encodeURIComponent(u.serial)}`}>
            {u.serial}
          </Link>
        ))}
        {held.length > NAMED_UNITS && <span className="muted">+{countText(held.length - NAMED_UNITS)}</span>}
      </div>
    </div>
  )
}
