import { Alert, Button, Checkbox, Input, InputNumber, Segmented, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { useLife, useSend } from '../api/life-hooks.ts'
import type { ShownTeachRun, TeachEstimateAnswer } from '../api/types.ts'
import { Panel } from '../look/panel.tsx'
import { usePerson } from '../look/person.ts'
import { TimeField } from '../look/time-field.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { isPattern, type TeachSwitches, TeachSwitchRow } from './teach-switches.tsx'

const MODEL_ID = /^[a-z0-9][a-z0-9-]*$/
const SOURCES = ['records', 'parts', 'folder'] as const

/** What to teach from; an estimate may be asked for before it starts. */
export function TeachForm({ folders }: { folders: readonly string[] }): ReactNode {
  const { t } = useTranslation()
  const life = useLife().data
  const [by, setBy] = usePerson()
  const [id, setId] = useState('')
  const [from, setFrom] = useState<(typeof SOURCES)[number]>('records')
  const [chosen, setStation] = useState<string | null>(null)
  const [lot, setLot] = useState('')
  const [since, setSince] = useState<string | null>(null)
  const [confirmed, setConfirmed] = useState(false)
  const [images, setImages] = useState(100)
  const [ids, setIds] = useState('')
  const [dir, setDir] = useState(folders[0] ?? '')
  const [recipe, setRecipe] = useState('')
  const [percent, setPercent] = useState(5)
  const [switches, setSwitches] = useState<TeachSwitches>({ turn: true, group: true, groupBy: '' })
  const [answered, setAnswered] = useState<{ ask: string; answer: TeachEstimateAnswer } | null>(null)

  const stations = life?.stations.map((s) => s.station) ?? []
  const station = chosen ?? stations[0] ?? ''
  const inspections = ids.split(/\s+/).filter((line) => line !== '')
  const source =
    from === 'folder'
      ? { from, dir }
      : from === 'parts'
        ? { from, inspections }
        : { from, station, confirmed, images, ...(lot && { lot }), ...(since && { since }) }
  const chosenSource =
    from === 'folder' ? dir !== '' : from === 'parts' ? inspections.length > 1 : lot !== '' || since !== null
  const { turn, group } = switches
  const groupBy = from === 'folder' ? switches.groupBy || null : null
  const missing = [
    ...(MODEL_ID.test(id) ? [] : [t('teach.need.id')]),
    ...(by.trim() === '' ? [t('teach.need.by')] : []),
    ...(chosenSource ? [] : [t(`teach.need.${from}`)]),
    ...(groupBy === null || isPattern(groupBy) ? [] : [t('teach.need.groupBy')]),
  ]
  const ready = missing.length === 0
  const ask = {
    id,
    by: by.trim(),
    source,
    recipe: recipe || null,
    falseCalls: percent / 100,
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
          <Input value={by} maxLength={128} onChange={(e) => setBy(e.target.value)} />
        </label>
        <div>
          <p className="muted">{t('teach.source')}</p>
          <Segmented<(typeof SOURCES)[number]>
            value={from}
            onChange={setFrom}
            options={SOURCES.map((s) => ({ value: s, label: t(`teach.from.${s}`) }))}
          />
        </div>
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
        {from === 'records' && (
          <>
            <label>
              <span>{t('teach.station')}</span>
              <Select
                value={station}
                onChange={setStation}
                options={stations.map((s) => ({ value: s, label: s }))}
              />
            </label>
            <label>
              <span>{t('teach.lot')}</span>
              <Input value={lot} maxLength={128} data-teach-lot="" onChange={(e) => setLot(e.target.value)} />
            </label>
            <TimeField label={t('teach.since')} value={since} set={(v) => setSince(v || null)} />
            <label>
              <span>{t('teach.images')}</span>
              <InputNumber value={images} min={2} max={500} onChange={(n) => setImages(n ?? 100)} />
            </label>
            <Checkbox checked={confirmed} onChange={(e) => setConfirmed(e.target.checked)}>
              {t('teach.confirmed')}
            </Checkbox>
          </>
        )}
        {from === 'parts' && (
          <label>
            <span>{t('teach.ids')}</span>
            <Input.TextArea rows={4} value={ids} onChange={(e) => setIds(e.target.value)} />
          </label>
        )}
        {from === 'folder' && (
          <label>
            <span>{folders.length === 0 ? t('teach.noFolder') : t('teach.folder')}</span>
            <Input value={dir} maxLength={1024} onChange={(e) => setDir(e.target.value)} />
          </label>
        )}
        <label>
          <span>{t('teach.falseCalls')} (%)</span>
          <InputNumber value={percent} min={0.01} max={50} onChange={(n) => setPercent(n ?? 5)} />
        </label>
        <TeachSwitchRow value={switches} set={setSwitches} named={from === 'folder'} />
      </div>
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
  return t('teach.about', { seconds: Math.ceil(of.seconds), mb: Math.ceil(of.memoryBytes / 1e6) })
}
