import { Button, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { useLife } from '../api/life-hooks.ts'
import type { LifeAnswer } from '../api/types.ts'
import { DeedDialog, type Deed } from '../look/deed-dialog.tsx'
import { shortHash, timeText } from '../look/format.ts'
import { Facts, Panel } from '../look/panel.tsx'
import { usePaging } from '../look/printing.ts'
import { Failed, Waiting } from '../shell/states.tsx'
import { ChallengeTable } from './challenge-table.tsx'
import { FirstArticleTable } from './first-article-table.tsx'
import { LifeAlarms } from './life-alarms.tsx'
import { Table } from '../look/wide.tsx'

type Station = LifeAnswer['stations'][number]
type Activation = Station['current']
type Action =
  /** `from`: the activation that was looked at. */
  | { kind: 'activate' | 'override'; recipe: string; from: number }
  | { kind: 'rollback'; from: number }
  | { kind: 'shadow'; recipe: string }
  | { kind: 'shadowEnd' }

/** Which recipe is in force at each station, how it came there, and the way to another one and back. */
export function StationsTab(): ReactNode {
  const life = useLife()
  if (life.error && !life.data) return <Failed error={life.error} retry={() => void life.refetch()} />
  if (!life.data) return <Waiting />
  return (
    <div className="stack">
      <LifeAlarms />
      {life.data.stations.map((s) => (
        <StationPanel key={s.station} station={s} life={life.data} />
      ))}
    </div>
  )
}

const family = (recipe: string): string => recipe.slice(0, recipe.lastIndexOf('@'))

function StationPanel({ station: s, life }: { station: Station; life: LifeAnswer }): ReactNode {
  const { t } = useTranslation()
  const { current, history, shadow } = s
  const others = life.recipes.filter((r) => r !== current.recipe.id)
  const [chosen, setChosen] = useState<string | null>(null)
  const [action, setAction] = useState<Action | null>(null)
  const candidate =
    chosen ?? others.findLast((r) => family(r) === family(current.recipe.id)) ?? others[0] ?? null
  const gate = life.gates.find(
    (g) => g.candidate.recipe.id === candidate && g.reference.recipe.sha256 === current.recipe.sha256,
  )
  return (
    <Panel title={s.station} extra={<span className="badge tone-pass">{current.recipe.id}</span>}>
      <div className="two-columns">
        <Facts
          items={[
            [t('models.inForce'), <b key="r">{current.recipe.id}</b>],
            ['SHA-256', <code key="s">{shortHash(current.recipe.sha256)}</code>],
            ...current.recipe.models.map(
              (m) =>
                [
                  t('origin.model'),
                  <span key={m.id}>
                    {m.id} <code>{shortHash(m.sha256)}</code>
                  </span>,
                ] as const,
            ),
            [t('models.since'), timeText(current.at)],
            [t('holds.by'), current.cause === 'line' ? t('models.causes.line') : current.by],
          ]}
        />
        <div className="actions">
          {candidate === null ? (
            <p className="muted">{t('models.noOther')}</p>
          ) : (
            <>
              <div className="toolbar">
                <Select
                  aria-label={t('models.candidate')}
                  className="w-station"
                  value={candidate}
                  onChange={setChosen}
                  options={others.map((r) => ({ value: r, label: r }))}
                />
                <Button
                  type={gate?.accepted ? 'primary' : 'default'}
                  onClick={() => setAction({ kind: 'activate', recipe: candidate, from: current.n })}
                >
                  {t('models.activate')}
                </Button>
                <Button
                  danger
                  onClick={() => setAction({ kind: 'override', recipe: candidate, from: current.n })}
                >
                  {t('models.override')}
                </Button>
                <Button onClick={() => setAction({ kind: 'shadow', recipe: candidate })}>
                  {t('models.shadow')}
                </Button>
              </div>
              <p className={gate ? (gate.accepted ? 'tone-pass' : 'tone-fail') : 'muted'}>
                {gate
                  ? `${t(gate.accepted ? 'models.accepted' : 'models.refused')} ${gate.refusals.map((r) => t(`models.refusal.${r}`)).join(', ')}`
                  : t('models.noGate', { candidate, current: current.recipe.id })}
              </p>
            </>
          )}
          <div className="toolbar">
            <Button
              disabled={current.parent === null}
              onClick={() => setAction({ kind: 'rollback', from: current.n })}
            >
              {t('models.rollback')}
            </Button>
            {shadow.running && (
              <Button onClick={() => setAction({ kind: 'shadowEnd' })}>{t('models.shadowEnd')}</Button>
            )}
          </div>
        </div>
      </div>
      {s.firstArticle && <FirstArticleTable state={s.firstArticle} />}
      {s.challenge && <ChallengeTable challenge={s.challenge} />}
      <History rows={history} />
      {action && <ActionDialog station={s.station} action={action} close={() => setAction(null)} />}
    </Panel>
  )
}

function ActionDialog(p: { station: string; action: Action; close(): void }): ReactNode {
  const { t } = useTranslation()
  const { station, action } = p
  const recipe = 'recipe' in action ? action.recipe : ''
  const act = ({ by, reason }: Deed): Promise<unknown> => {
    const at = `/api/stations/${encodeURIComponent(station)}`
    if (action.kind === 'rollback')
      return sendJson('POST', `${at}/rollback`, { by, reason, from: action.from })
    if (action.kind === 'shadow') return sendJson('PUT', `${at}/shadow`, { by, recipe })
    if (action.kind === 'shadowEnd') return sendJson('PUT', `${at}/shadow`, { by, recipe: null })
    const override = action.kind === 'override'
    return sendJson('POST', `${at}/recipe`, { by, reason, recipe, override, from: action.from })
  }
  return (
    <DeedDialog
      title={t(`models.ask.${action.kind}`, { station, recipe })}
      confirm={t(`models.${action.kind}`)}
      danger={action.kind === 'override'}
      reasonNeeded={action.kind === 'override'}
      act={act}
      close={p.close}
    >
      <p>{t(`models.means.${action.kind}`)}</p>
    </DeedDialog>
  )
}

function History({ rows }: { rows: readonly Activation[] }): ReactNode {
  const { t } = useTranslation()
  const paging = usePaging()
  return (
    <Table<Activation>
      rowKey="n"
      size="small"
      dataSource={rows}
      pagination={paging(rows.length, 8)}
      columns={[
        { title: t('models.since'), className: 'mono', render: (_, a) => timeText(a.at) },
        { title: t('parts.recipe'), render: (_, a) => <b>{a.recipe.id}</b> },
        { title: 'SHA-256', render: (_, a) => <code>{shortHash(a.recipe.sha256)}</code> },
        {
          title: t('models.cause'),
          render: (_, a) => (
            <>
              {t(`models.causes.${a.cause}`)}
              {a.override && <span className="chip tone-fail">{t('models.withoutGate')}</span>}
            </>
          ),
        },
        { title: t('holds.by'), render: (_, a) => (a.cause === 'line' ? '–' : a.by) },
        { title: t('deed.reason'), dataIndex: 'reason' },
      ]}
    />
  )
}
