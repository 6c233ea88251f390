import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useLife } from '../api/life-hooks.ts'
import type { LifeAnswer } from '../api/types.ts'
import { msText, numberText, percentText, shortHash, timeText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { usePaging } from '../look/printing.ts'
import { Failed, Nothing, Waiting } from '../shell/states.tsx'
import { Table } from '../look/wide.tsx'

type Gate = LifeAnswer['gates'][number]
type Share = Gate['candidate']['escape']

/** Results of acceptance sets: candidate beside the recipe it would replace. */
export function GatesTab(): ReactNode {
  const { t } = useTranslation()
  const paging = usePaging()
  const life = useLife()
  if (life.error && !life.data) return <Failed error={life.error} retry={() => void life.refetch()} />
  if (!life.data) return <Waiting />
  return (
    <Panel title={t('models.tab.gates')} extra={<span className="muted small">{t('models.gatesHow')}</span>}>
      <Table<Gate>
        rowKey="id"
        size="small"
        dataSource={life.data.gates}
        pagination={paging(life.data.gates.length, 20)}
        locale={{ emptyText: <Nothing title={t('models.noGates')} hint={t('models.noGatesHint')} /> }}
        columns={[
          { title: t('parts.time'), className: 'mono', render: (_, g) => timeText(g.at).slice(0, -4) },
          {
            title: t('models.result'),
            render: (_, g) => (
              <>
                <b className={g.accepted ? 'tone-pass' : 'tone-fail'}>
                  {t(g.accepted ? 'models.accepted' : 'models.refused')}
                </b>
                <div className="small">{g.refusals.map((r) => t(`models.refusal.${r}`)).join(', ')}</div>
              </>
            ),
          },
          {
            title: t('models.candidate'),
            render: (_, g) => (
              <Pair
                a={<b>{g.candidate.recipe.id}</b>}
                b={`${t('models.against')} ${g.reference.recipe.id}`}
              />
            ),
          },
          {
            title: t('models.escape'),
            render: (_, g) => (
              <Pair
                a={<ShareText share={g.candidate.escape} />}
                b={<ShareText share={g.reference.escape} />}
              />
            ),
          },
          {
            title: t('models.overkill'),
            render: (_, g) => (
              <Pair
                a={<ShareText share={g.candidate.overkill} />}
                b={<ShareText share={g.reference.overkill} />}
              />
            ),
          },
          {
            title: t('verdict.inconclusive'),
            render: (_, g) => (
              <Pair
                a={<ShareText share={g.candidate.inconclusive} />}
                b={<ShareText share={g.reference.inconclusive} />}
              />
            ),
          },
          {
            title: t('models.newEscapes'),
            render: (_, g) => (
              <Pair
                a={`+${g.escapeTest.onlyCandidate} / −${g.escapeTest.onlyReference}`}
                b={`p = ${numberText(g.escapeTest.p)}`}
              />
            ),
          },
          {
            title: 'p95',
            render: (_, g) => (
              <Pair
                a={msText(g.candidate.p95Ms)}
                b={`${msText(g.reference.p95Ms)} (${t('models.takt')} ${msText(g.taktMs)})`}
              />
            ),
          },
          {
            title: t('models.set'),
            render: (_, g) => (
              <Pair
                a={
                  <>
                    {t('models.items', { n: g.acceptance.items })}
                    <NotJudged parts={g.notJudged ?? []} />
                  </>
                }
                b={<code title={g.acceptance.dir}>{shortHash(g.acceptance.sha256)}</code>}
              />
            ),
          },
        ]}
      />
    </Panel>
  )
}

const NotJudged = ({ parts }: { parts: NonNullable<Gate['notJudged']> }): ReactNode => {
  const { t } = useTranslation()
  if (parts.length === 0) return null
  const shown = parts.slice(0, 20).map((p) => `${p.id}: ${p.why}`)
  return (
    <div className="small tone-inconclusive" title={shown.join('\n')}>
      {t('models.itemsNotJudged', { n: parts.length })}
    </div>
  )
}

/** The candidate above, what it is compared with below. */
const Pair = ({ a, b }: { a: ReactNode; b: ReactNode }): ReactNode => (
  <>
    <div>{a}</div>
    <div className="muted small">{b}</div>
  </>
)

const ShareText = ({ share: { k, n, interval } }: { share: Share }): ReactNode =>
  n === 0 ? (
    '–'
  ) : (
    <>
      <span className="nowrap">
        {percentText(k / n, 1)} ({k} / {n})
      </span>
      <div className="muted small nowrap">
        {percentText(interval[0], 1)} … {percentText(interval[1], 1)}
      </div>
    </>
  )
