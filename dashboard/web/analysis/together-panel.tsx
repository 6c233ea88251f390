import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Analysis } from '../api/types.ts'
import { percentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { usePaging } from '../look/printing.ts'
import { Table } from '../look/wide.tsx'

type Pair = Analysis['together'][number]

/** Pairs of factors that the numbers cannot tell apart, with the shares of parts that have only one of them. */
export function TogetherPanel({ pairs }: { pairs: readonly Pair[] }): ReactNode {
  const { t } = useTranslation()
  const paging = usePaging()
  if (pairs.length === 0) return null
  const name = (l: Pair['a']): string => `${t(`analysis.factors.${l.factor}`)} ${l.value}`
  const share = (bad: number, n: number): string =>
    n === 0 ? '–' : `${percentText(bad / n, 2)} (${bad} / ${n})`
  const only = (one: Pair['a'], { both }: Pair): ReactNode => (
    <>
      <span className="muted">{t('analysis.only', { name: name(one) })}</span>{' '}
      {share(one.bad - both.bad, one.n - both.n)}
    </>
  )
  return (
    <Panel title={t('analysis.togetherTitle')}>
      <Table<Pair>
        rowKey={(p) => `${name(p.a)} ${name(p.b)}`}
        size="small"
        pagination={paging(pairs.length, 10)}
        dataSource={[...pairs]}
        columns={[
          { title: t('analysis.factor'), render: (_, p) => `${name(p.a)} – ${name(p.b)}` },
          { title: 'V', className: 'mono', render: (_, p) => p.v.toFixed(2) },
          { title: t('analysis.both'), render: (_, p) => share(p.both.bad, p.both.n) },
          { title: '', key: 'a', render: (_, p) => only(p.a, p) },
          { title: '', key: 'b', render: (_, p) => only(p.b, p) },
        ]}
      />
      <p className="muted small">{t('analysis.togetherHint')}</p>
    </Panel>
  )
}
