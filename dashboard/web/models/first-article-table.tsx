import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { LifeAnswer } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { codeText, timeText } from '../look/format.ts'
import { VerdictBadge } from '../look/verdict-badge.tsx'
import { Table } from '../look/wide.tsx'

type State = NonNullable<LifeAnswer['stations'][number]['firstArticle']>
type Said = State['articles'][number]
type Row = State['waiting'][number] & { said: Said | null }

/** The first products of a recipe that people must call good, and what they said. */
export function FirstArticleTable({ state }: { state: State }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { wanted, parts, articles, waiting } = state
  const rows: Row[] = [
    ...articles.map((said) => ({ ...said, said })),
    ...waiting.map((part) => ({ ...part, said: null })),
  ]
  return (
    <section className="station-proof">
      <h3>{t('models.first.title')}</h3>
      <p className={wanted === null ? 'tone-pass' : 'tone-fail'}>
        {wanted === null ? t('models.first.fine') : text(wanted)}
      </p>
      <p className="muted">{t('models.first.rule', { n: parts })}</p>
      {rows.length > 0 && (
        <Table<Row>
          rowKey="inspectionId"
          size="small"
          dataSource={rows}
          pagination={false}
          columns={[
            {
              title: t('models.first.part'),
              render: (_, { inspectionId, serial }) => (
                <Link to={`/part/${inspectionId}`} className="mono">
                  {codeText(serial)}
                </Link>
              ),
            },
            {
              title: t('models.first.said'),
              render: (_, { said }) =>
                said === null ? (
                  <span className="tone-inconclusive">{t('models.first.waits')}</span>
                ) : (
                  <VerdictBadge result={said.verdict} />
                ),
            },
            { title: t('models.first.by'), render: (_, { said }) => said?.reviewer ?? '–' },
            {
              title: t('models.first.at'),
              className: 'mono',
              render: (_, { said }) => (said === null ? '–' : timeText(said.at)),
            },
          ]}
        />
      )}
    </section>
  )
}
