import { Alert, Button, Input, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useText } from '../i18n/index.ts'
import { sendJson } from '../api/client.ts'
import { useLife, useSend } from '../api/life-hooks.ts'
import type { ShownTeachRun, TeachEstimateAnswer } from '../api/types.ts'
import { Panel } from '../look/panel.tsx'
import { usePerson } from '../look/person.ts'
import { ErrorWords } from '../shell/states.tsx'
import { GoalFields, goalOf, SettingsFields, settingsOf, USUAL_GOAL, USUAL_SETTINGS } from './teach-goal.tsx'
import { SourceFields, sourceDraft, sourceOf, SourceSwitch } from './teach-source.tsx'
import { isPattern, type TeachSwitches, TeachSwitchRow } from './teach-switches.tsx'

const MODEL_ID = /^[a-z0-9][a-z0-9-]*$/

/** What to teach from; an estimate may be asked for before it starts. */
export function TeachForm({ folders }: { folders: readonly string[] }): ReactNode {
  const { t } = useTranslation()
  const life = useLife().data
  const [by, setBy, stands] = usePerson()
  const [id, setId] = useState('')
  const [good, setGood] = useState(() => sourceDraft('records', folders[0]))
  const [bad, setBad] = useState(() => sourceDraft('none', folders[0]))
  const [recipe, setRecipe] = useState('')
  const [goal, setGoal] = useState(USUAL_GOAL)
  const [settings, setSettings] = useState(USUAL_SETTINGS)
  const [switches, setSwitches] = useState<TeachSwitches>({ turn: true, group: true, groupBy: '' })
  const [answered, setAnswered] = useState<{ ask: string; answer: TeachEstimateAnswer } | null>(null)

  const stations = life?.stations.map((s) => s.station) ?? []
  const named = good.from === 'folder'
  const from = sourceOf(good, 'good', stations[0] ?? '')
  const defects = sourceOf(bad, 'defective', stations[0] ?? '')
  const { turn, group } = switches
  const groupBy = named ? switches.groupBy || null : null
  const missing = [
    ...(MODEL_ID.test(id) ? [] : [t('teach.need.id')]),
    ...(by.trim() === '' ? [t('teach.need.by')] : []),
    ...(from.missing === null ? [] : [t(`teach.need.${from.missing}`)]),
    ...(defects.missing === null ? [] : [t(`teach.needBad.${defects.missing}`)]),
    ...(groupBy === null || isPattern(groupBy) ? [] : [t('teach.need.groupBy')]),
  ]
  const ready = missing.length === 0
  const ask = {
    id,
    by: by.trim(),
    source: from.source,
    defects: defects.source,
    recipe: recipe || null,
    ...goalOf(goal, defects.source !== null),
    ...settingsOf(settings),
    turn,
    group,
    groupBy,
  }
  const asked = JSON.stringify(ask)
  // Of another ask it would say nothing.
  const estimated = answered?.ask === asked ? answered.answer : null
  const estimate = useSend(async () => {
    const answer = await sendJson<TeachEstimateAnswer>('POST', '/api/life/teach/estimate', ask)
    setAnswered({ ask: asked, answer })
  })
  const start = useSend(() => sendJson('POST', '/api/life/teach', ask))
  const error = start.error ?? estimate.error
  return (
    <Panel title={t('teach.title')} extra={<span className="muted">{t('teach.how')}</span>}>
      <div className="two-columns deed">
        <label>
          <span>{t('teach.model')}</span>
          <Input
            value={id}
            maxLength={64}
            status={id === '' || MODEL_ID.test(id) ? '' : 'error'}
            data-teach-id=""
            onChange={(e) => setId(e.target.value)}
          />
        </label>
        <label>
          <span>{t('deed.by')}</span>
          <Input value={by} maxLength={128} disabled={stands} onChange={(e) => setBy(e.target.value)} />
        </label>
        <SourceSwitch are="good" value={good} set={setGood} />
        <label>
          <span>{t('teach.recipe')}</span>
          <Select
            value={recipe}
            onChange={setRecipe}
            options={[
              { value: '', label: t('teach.plain') },
              ...(life?.recipes ?? []).map((r) => ({ value: r, label: r })),
            ]}
          />
        </label>
        <SourceFields are="good" value={good} set={setGood} stations={stations} folders={folders} />
        <TeachSwitchRow value={switches} set={setSwitches} named={named} />
        <SourceSwitch are="defective" value={bad} set={setBad} />
        <SourceFields are="defective" value={bad} set={setBad} stations={stations} folders={folders} />
        <GoalFields value={goal} set={setGoal} defects={defects.source !== null} />
      </div>
      <SettingsFields value={settings} set={setSettings} />
      <div className="toolbar">
        <Button
          data-teach-estimate=""
          disabled={!ready}
          loading={estimate.isPending}
          onClick={() => estimate.mutate(undefined)}
        >
          {t('teach.estimate')}
        </Button>
        <Button
          type="primary"
          data-teach-start=""
          disabled={!ready || estimate.isPending}
          loading={start.isPending}
          onClick={() => start.mutate(undefined)}
        >
          {t('teach.start')}
        </Button>
        {!ready && <span className="muted">{t('teach.missing', { what: missing.join('; ') })}</span>}
        {estimated && ready && (
          <span data-teach-estimated="">
            {t('teach.version', { version: estimated.version })} <Need of={estimated.estimate} />{' '}
            {estimated.images !== null && (
              <span className="muted">
                {t('teach.chosen', { n: estimated.images, missing: estimated.withoutImage })}
              </span>
            )}
          </span>
        )}
      </div>
      {error && <Alert type="error" title={<ErrorWords error={error} />} />}
    </Panel>
  )
}

/** What a teaching is expected to take. */
export function Need({ of }: { of: NonNullable<ShownTeachRun['estimate']> }): ReactNode {
  const { t } = useTranslation()
  const text = useText()
  return (
    <>
      {t('teach.about', { seconds: Math.ceil(of.seconds), mb: Math.ceil(of.memoryBytes / 1e6) })}
      {of.warnings?.map((w) => (
        <span key={w.en}> {text(w)}</span>
      ))}
    </>
  )
}
