import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams, useSearchParams } from 'react-router'
import { isUnknown, queryText } from '../api/client.ts'
import { useHolds, useRecall } from '../api/life-hooks.ts'
import { UNIT_DISPOSITIONS, type Recall } from '../api/types.ts'
import { AsOf } from '../look/as-of.tsx'
import { codeText, countText, momentText } from '../look/format.ts'
import { usePaging } from '../look/printing.ts'
import { Panel } from '../look/panel.tsx'
import { useNcrs } from '../api/ncr-hooks.ts'
import { NcrButton } from '../ncr/ncr-button.tsx'
import { NcrLinks } from '../ncr/ncr-chips.tsx'
import { NotFoundPage } from '../shell/not-found.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { HoldButton } from './hold-button.tsx'
import { isHeld, placeCounts, shortTarget } from './hold-words.ts'
import { Table } from '../look/wide.tsx'

type Unit = Recall['units'][number]

const DISPOSITIONS = ['hold', ...UNIT_DISPOSITIONS] as const

export function LotPage(): ReactNode {
  // Addresses that others wrote down may have it in the path.
  const { lot: inPath = '' } = useParams()
  const [search] = useSearchParams()
  const lot = search.get('name') ?? inPath
  return lot.trim() === '' ? <NotFoundPage /> : <NamedLot lot={lot} />
}

/** A lot: everything it went into, where that is, and the hold on it. */
function NamedLot({ lot }: { lot: string }): ReactNode {
  const { t } = useTranslation()
  const target = `lot/${lot}`
  const recall = useRecall(target)
  const holds = useHolds()
  const paging = usePaging()
  const ncrs = useNcrs({ target })
  const hold = holds.data?.find((h) => h.releasedAt === null && shortTarget(h.target) === target)
  const unknown = isUnknown(recall.error)
  return (
    <div className="page">
      <div className="toolbar">
        <h2>
          {t('parts.lot')} <span className="mono">{lot}</span>
        </h2>
        {hold && (
          <span className="badge tone-fail" data-lot-held={lot}>
            {t('unitLife.hold')} {hold.reason} ({hold.by}, {momentText(hold.at)})
          </span>
        )}
        <span className="grow" />
        <AsOf readMs={recall.data && recall.dataUpdatedAt} again={recall} />
        <Link to={`/parts?${queryText({ lot })}`}>{t('holds.inspections')}</Link>
        <a href={`/api/recall?target=${encodeURIComponent(target)}&format=csv&bom=1`}>CSV</a>
        <a href={`/api/recall?target=${encodeURIComponent(target)}&format=epcis`}>EPCIS</a>
        <HoldButton target={hold?.target ?? target} name="" held={isHeld(holds.data, target)} />
        <NcrButton draft={{ targets: [target] }} />
      </div>
      {ncrs.data && <NcrLinks reports={ncrs.data.reports} />}
      {unknown && <Nothing title={t('holds.unknownLot', { lot })} />}
      {recall.error && !unknown && <Failed error={recall.error} retry={() => void recall.refetch()} />}
      {!recall.data && !recall.error && <Waiting />}
      {recall.data && (
        <Panel
          title={t('holds.concerned', { n: countText(recall.data.units.length) })}
          extra={
            <span>
              {placeCounts(recall.data).map(([place, n]) => (
                <span className="chip" key={place}>
                  {t(`unitLife.place.${place}`)} {countText(n)}
                </span>
              ))}
            </span>
          }
        >
          {recall.data.cut && <p className="tone-fail">{t('holds.cut')}</p>}
          <Table<Unit>
            rowKey="uri"
            size="small"
            dataSource={recall.data.units}
            pagination={paging(recall.data.units.length, 25)}
            locale={{ emptyText: <Nothing title={t('holds.noParts')} /> }}
            columns={[
              {
                title: t('parts.serial'),
                className: 'mono',
                render: (_, u) => (
                  <>
                    <Link className="long-name" to={`/parts?serial=${encodeURIComponent(u.serial)}`}>
                      {codeText(u.serial)}
                    </Link>
                    {u.aliases?.map((name) => (
                      <span key={name} className="muted long-name">
                        {' '}
                        = {shortTarget(name)}
                      </span>
                    ))}
                  </>
                ),
              },
              { title: t('part.product'), dataIndex: 'product' },
              { title: t('parts.station'), render: (_, u) => u.station ?? '–' },
              {
                title: t('parts.time'),
                className: 'mono',
                render: (_, u) => (u.judgedAt === null ? '–' : momentText(u.judgedAt)),
              },
              {
                title: t('holds.place'),
                render: (_, u) => (
                  <>
                    <span className={u.place === 'held' ? 'tone-fail' : ''}>
                      {t(`unitLife.place.${u.place}`)}
                    </span>{' '}
                    <span className="mono">
                      {[
                        u.pallet,
                        u.shipment,
                        u.customer,
                        u.order,
                        u.into && t('unitLife.into', { product: u.into }),
                      ]
                        .filter(Boolean)
                        .join(' · ')}
                    </span>
                  </>
                ),
              },
              {
                title: t('parts.disposition'),
                render: (_, u) => {
                  const known = DISPOSITIONS.find((d) => d === u.disposition)
                  return known ? t(`disposition.${known}`) : '–'
                },
              },
              {
                title: <span className="unseen">{t('life.probable')}</span>,
                render: (_, u) => (u.certain ? null : <span className="chip">{t('life.probable')}</span>),
              },
            ]}
          />
        </Panel>
      )}
    </div>
  )
}
