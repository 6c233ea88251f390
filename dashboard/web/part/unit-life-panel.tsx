import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { isUnknown } from '../api/client.ts'
import { useUnitLife } from '../api/hooks.ts'
import type { PartRow, UnitLife } from '../api/types.ts'
import { codeText, countText, momentText } from '../look/format.ts'
import { HoldButton } from '../holds/hold-button.tsx'
import { shortTarget } from '../holds/hold-words.ts'
import { Panel } from '../look/panel.tsx'
import { NcrButton } from '../ncr/ncr-button.tsx'
import { NcrLinks } from '../ncr/ncr-chips.tsx'
import { Failed } from '../shell/states.tsx'
import { useHappening } from './happening.ts'
import { DisposeButton } from './dispose-button.tsx'
import { UnitTimeline } from './unit-timeline.tsx'

const GenealogyGraph = lazy(() =>
  import('./genealogy-graph.tsx').then((m) => ({ default: m.GenealogyGraph })),
)

/** Backward to lots and suppliers, forward to pallets and shipments, and the parts that share something with this one. */
export function UnitLifePanel({
  serial,
  product,
  seen,
}: {
  serial: string
  product: string
  /** The inspection it is shown beside: evidence of a report that is opened here, and what is decided about. */
  seen: { inspectionId: string; classes: string[]; last: boolean; decision: PartRow['decision'] }
}): ReactNode {
  const { t } = useTranslation()
  const happening = useHappening()
  const query = useUnitLife(serial)
  const life = query.data?.units.find((u) => u.product === product) ?? query.data?.units[0]
  // A thing that is no unit has no life. Anything else must be said: nobody may take it for a part without a hold.
  const unknown = isUnknown(query.error)
  if (!life && query.error && !unknown)
    return (
      <Panel title={t('unitLife.title')}>
        <Failed error={query.error} retry={() => void query.refetch()} />
      </Panel>
    )
  if (!life) return null
  const { where, hold, rework } = life
  const place = [
    where.shipment ?? where.pallet,
    where.customer,
    where.order,
    where.into && t('unitLife.into', { product: where.into }),
    where.returnedTo,
    where.returnedFrom && t('unitLife.backFrom', { from: where.returnedFrom }),
    where.returnedAt && momentText(where.returnedAt),
  ]
    .filter(Boolean)
    .join(' · ')
  return (
    <Panel
      title={t('unitLife.title')}
      extra={
        <span className={where.place === 'held' ? 'tone-fail' : 'muted'}>
          {t(`unitLife.place.${where.place}`)} {place}
        </span>
      }
    >
      {hold && (
        <p className="tone-fail wrap" data-hold={hold.id}>
          <b>{t('unitLife.hold')}</b> <span className="mono">{hold.target}</span>: {hold.reason}{' '}
          <span className="muted">
            ({hold.by}, {momentText(hold.at)})
          </span>
        </p>
      )}
      {/* A hold that another person places closes no dialog here. */}
      <p className="hold-buttons">
        <HoldButton
          target={hold?.target ?? life.uri}
          name={hold ? shortTarget(hold.target) : t('holds.part')}
          held={hold !== null}
        />
        {life.lot && (
          <span hidden={hold !== null}>
            <HoldButton target={`lot/${life.lot}`} name={t('holds.lot', { lot: life.lot })} />
          </span>
        )}
        <DisposeButton
          unit={life.uri}
          name={life.serial}
          inspection={seen.inspectionId}
          decision={seen.decision}
          offered={seen.last}
        />
        <NcrButton draft={{ targets: [life.uri], inspections: [seen.inspectionId], classes: seen.classes }} />
      </p>
      <NcrLinks reports={life.ncrs} />
      {rework.count > 0 && (
        <p>
          {t('unitLife.rework', {
            n: rework.count,
            first: happening(rework.firstResult ?? '–'),
            last: happening(rework.lastResult ?? '–'),
          })}
        </p>
      )}
      {life.aliases.length > 0 && (
        <>
          <h3>{t('unitLife.aliases')}</h3>
          <ul className="edges">
            {life.aliases.map((a) => (
              <li key={`${a.scheme} ${a.value}`}>
                <span className="muted">{a.scheme}</span> <span className="mono">{codeText(a.value)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {life.backward.total + life.forward.total > 0 && (
        <Suspense fallback={null}>
          <GenealogyGraph life={life} />
        </Suspense>
      )}
      <RelatedList title={t('unitLife.backward')} list={life.backward} />
      <RelatedList title={t('unitLife.forward')} list={life.forward} />
      <h3>{t('unitLife.siblings')}</h3>
      <ul className="edges">
        {life.siblings.map((s) => (
          <li key={`${s.kind} ${s.shared}`}>
            {t(`unitLife.sibling.${s.kind}`)} <span className="mono">{s.shared}</span>:{' '}
            <b>
              {countText(s.count)}
              {s.cut && '+'}
            </b>{' '}
            {s.units.slice(0, 5).map((u) => (
              <Link key={u.uri} to={`/parts?serial=${encodeURIComponent(u.uri)}`} className="chip sibling">
                {u.serial}
              </Link>
            ))}
          </li>
        ))}
      </ul>
      <UnitTimeline life={life} />
    </Panel>
  )
}

function RelatedList({ title, list }: { title: string; list: UnitLife['backward'] }): ReactNode {
  const { t } = useTranslation()
  if (list.total === 0) return null
  return (
    <>
      <h3>
        {title}{' '}
        <span className="muted">
          {countText(list.total)}
          {list.cut && '+'}
        </span>
      </h3>
      <ul className="edges">
        {list.items.map((r) => (
          <li key={r.uri} style={{ paddingInlineStart: r.level * 14 }}>
            <span className="mono" title={r.uri}>
              {r.name}
            </span>{' '}
            {!r.certain && <span className="chip">{t('life.probable')}</span>}
            {shortTarget(r.via).startsWith('station/') && (
              <span className="muted">{t('unitLife.over', { name: shortTarget(r.via) })}</span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
