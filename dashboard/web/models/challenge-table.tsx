import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { LifeAnswer } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import { className } from '../i18n/class-names.ts'
import { codeText, timeText } from '../look/format.ts'
import { Table } from '../look/wide.tsx'

type Challenge = NonNullable<LifeAnswer['stations'][number]['challenge']>

/** The known parts that a station must judge right from time to time, and when each did so last. */
export function ChallengeTable({ challenge }: { challenge: Challenge }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  const { wanted, overdue, everyMin, parts } = challenge
  return (
    <section className="station-proof">
      <h3>{t('models.challenge.title')}</h3>
      <p className={wanted === null ? 'tone-pass' : 'tone-fail'}>
        {wanted === null ? t('models.challenge.fine') : text(wanted)}
      </p>
      <p className="muted">{t(`models.challenge.rule.${overdue}`, { n: everyMin })}</p>
      <Table<Challenge['parts'][number]>
        rowKey="code"
        size="small"
        dataSource={parts}
        pagination={false}
        columns={[
          {
            title: t('models.challenge.code'),
            render: (_, p) => (
              <Link to={`/parts?serial=${encodeURIComponent(p.code)}`} className="mono">
                {codeText(p.code)}
              </Link>
            ),
          },
          {
            title: t('models.challenge.expected'),
            render: (_, p) => [t(`verdict.${p.expect}`), ...p.classes.map(className)].join(', '),
          },
          {
            title: t('models.challenge.last'),
            render: (_, p) =>
              p.last === null ? (
                <span className="tone-fail">{t('models.challenge.never')}</span>
              ) : (
                <span className={p.last.right ? 'tone-pass' : 'tone-fail'}>{text(p.last.text)}</span>
              ),
          },
          {
            title: t('models.challenge.at'),
            className: 'mono',
            render: (_, p) => (p.last === null ? '–' : timeText(p.last.at)),
          },
          {
            title: t('models.challenge.due'),
            className: 'mono',
            render: (_, p) => (p.dueAt === null ? t('models.challenge.now') : timeText(p.dueAt)),
          },
        ]}
      />
    </section>
  )
}
