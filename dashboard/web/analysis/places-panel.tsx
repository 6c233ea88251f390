import { Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { thumbUrl, usePlaces, type AnalysisFilter } from '../api/hooks.ts'
import type { Places } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { countText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { placement } from '../look/part-image.tsx'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { Table } from '../look/wide.tsx'

type View = NonNullable<Places['view']>

/** Heat map of the defects over a good part, and where they repeat. */
export function PlacesPanel({
  filter,
}: {
  filter: Pick<AnalysisFilter, 'class' | 'from' | 'to'>
}): ReactNode {
  const { t } = useTranslation()
  const [recipe, setRecipe] = useState<string | null>(null)
  const { data, error, refetch, isPlaceholderData } = usePlaces({ ...filter, recipe })
  const answered = data !== undefined && !isPlaceholderData
  return (
    <Panel
      title={t('analysis.places')}
      extra={
        data &&
        data.recipes.length > 1 && (
          <Select
            aria-label={t('analysis.view')}
            value={data.view?.recipe ?? recipe}
            onChange={setRecipe}
            options={data.recipes.map((r) => ({ value: r.recipe, label: `${r.recipe} (${countText(r.n)})` }))}
          />
        )
      }
    >
      {error && <Failed error={error} retry={() => void refetch()} />}
      {!answered && !error && <Waiting />}
      {answered &&
        (data.view === null ? <Nothing title={t('analysis.noPlaces')} /> : <Map view={data.view} />)}
    </Panel>
  )
}

function Map({ view }: { view: View }): ReactNode {
  const { t } = useTranslation()
  const { image, widthPx, heightPx, cellPx, cells, clusters } = view
  const most = Math.max(1, ...cells.map((c) => c.n))
  const stroke = Math.max(widthPx, heightPx) / 250
  return (
    <div className="places">
      <div>
        <svg
          className="part-image"
          style={{ aspectRatio: `${widthPx} / ${heightPx}` }}
          viewBox={`0 0 ${widthPx} ${heightPx}`}
          role="img"
          aria-label={t('analysis.places')}
        >
          {image && <image href={thumbUrl(image.sha256, 1280)} width={widthPx} height={heightPx} />}
          <g transform={placement(image?.registration, widthPx, heightPx)}>
            {cells.map(({ column, row, n }) => (
              <rect
                key={`${column} ${row}`}
                className="heat"
                x={column * cellPx}
                y={row * cellPx}
                width={cellPx}
                height={cellPx}
                fillOpacity={0.25 + (0.6 * n) / most}
              >
                <title>{n}</title>
              </rect>
            ))}
            {clusters.map(({ x, y, radiusPx }, i) => (
              <g key={i} className="cluster" strokeWidth={stroke}>
                <circle cx={x} cy={y} r={radiusPx + 2 * stroke + cellPx / 2} />
                <text x={x + radiusPx + cellPx} y={y} fontSize={stroke * 8}>
                  {i + 1}
                </text>
              </g>
            ))}
          </g>
        </svg>
        {image === null && <p className="muted small">{t('analysis.noPicture')}</p>}
        <p className="muted small">
          {t('analysis.placesHint', {
            n: countText(view.n),
            least: view.least,
            radius: view.radiusPx.toFixed(0),
          })}{' '}
          {t('analysis.scattered', { n: countText(view.scattered) })}
        </p>
      </div>
      <Table<View['clusters'][number]>
        rowKey={(c) => `${c.x} ${c.y}`}
        size="small"
        pagination={false}
        dataSource={clusters}
        columns={[
          { title: t('analysis.cluster'), render: (_, _c, i) => i + 1 },
          {
            title: t('analysis.at'),
            className: 'mono',
            render: (_, c) =>
              c.mm === null
                ? `${c.x.toFixed(0)}, ${c.y.toFixed(0)} px`
                : `${c.mm[0].toFixed(2)}, ${c.mm[1].toFixed(2)} mm`,
          },
          {
            title: t('analysis.what'),
            render: (_, c) => c.classes.map((k) => `${className(k.class)} ${k.n}`).join(', '),
          },
          { title: t('analysis.parts'), dataIndex: 'parts' },
          {
            title: t('analysis.some'),
            render: (_, c) =>
              c.inspections.map((id, n) => (
                <Link key={id} to={`/part/${id}`} className="mono">
                  {n > 0 && ' '}#{n + 1}
                </Link>
              )),
          },
        ]}
      />
    </div>
  )
}
