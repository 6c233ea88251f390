import { Input, Segmented, Select } from 'antd'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { BeforeAfter } from '../analysis/before-after.tsx'
import { type EffectScope, type NcrComparison, takeStep, useEffectOf } from '../api/ncr-hooks.ts'
import type { NcrDetail } from '../api/types.ts'
import { className } from '../i18n/class-names.ts'
import { DeedDialog } from '../look/deed-dialog.tsx'
import { momentText } from '../look/format.ts'
import { Panel } from '../look/panel.tsx'
import { TimeField } from '../look/time-field.tsx'
import { ErrorWords } from '../shell/states.tsx'
import { LineButton } from '../shell/site.tsx'

/** Whether the actions helped: parts judged before and after, and what a person says to that. */
export function EffectPanel({ ncr }: { ncr: NcrDetail }): ReactNode {
  const { t } = useTranslation()
  const [asking, setAsking] = useState(false)
  const v = ncr.verification
  const analysis =
    v && `/analysis?${new URLSearchParams({ change: v.change, ...(v.class && { class: v.class }) })}`
  return (
    <Panel
      title={t('ncr.step.verify')}
      extra={
        ncr.ended === null && (
          <LineButton data-ncr-verify="" onClick={() => setAsking(true)}>
            {t('ncr.state.verify')}
          </LineButton>
        )
      }
    >
      {v === null ? (
        <p className="muted">{t('ncr.notYet')}</p>
      ) : (
        <>
          <p>
            <b className={v.effective ? 'tone-pass' : 'tone-fail'}>
              {t(v.effective ? 'ncr.effective' : 'ncr.notEffective')}
            </b>{' '}
            {v.reason}{' '}
            <span className="muted">
              ({v.by}, {momentText(v.at)})
            </span>
          </p>
          <p>
            <Comparison of={v.comparison} />
          </p>
          <p className="muted">
            {t('analysis.change')} {momentText(v.change)} {v.class && className(v.class)}{' '}
            {v.within && `${t(`analysis.factors.${v.within.factor}`)} ${v.within.value}`}{' '}
            {analysis && <Link to={analysis}>{t('nav.analysis')}</Link>}
          </p>
          {v.despite && (
            <p className="tone-inconclusive">
              {t('ncr.despite')}: {v.despite}
            </p>
          )}
        </>
      )}
      {asking && <VerifyDialog ncr={ncr} close={() => setAsking(false)} />}
    </Panel>
  )
}

function Comparison({ of: c }: { of: NcrComparison }): ReactNode {
  const { t } = useTranslation()
  if (c.n === 0 || c.beforeN === 0) return t('analysis.oneSided')
  return <BeforeAfter of={c} />
}

const FACTORS = ['lot', 'supplier', 'station', 'recipe', 'model'] as const
type Within = NonNullable<EffectScope['within']>

/** Targets that a comparison can be narrowed to. */
const scopes = (ncr: NcrDetail): Within[] =>
  ncr.targets.flatMap(({ name }) => {
    const [type = '', ...rest] = name.split('/')
    const factor = FACTORS.find((f) => f === type)
    return factor === undefined ? [] : [{ factor, value: rest.join('/') }]
  })

function VerifyDialog({ ncr, close }: { ncr: NcrDetail; close(): void }): ReactNode {
  const { t } = useTranslation()
  const finished = ncr.actions.flatMap((a) => a.ended?.at ?? []).toSorted()
  const [change, setChange] = useState<string | null>(finished.at(-1) ?? null)
  const [from, setFrom] = useState<string | null>(null)
  const [of, setOf] = useState(ncr.classes[0] ?? '')
  const [within, setWithin] = useState<number | null>(null)
  const [effective, setEffective] = useState(true)
  const [despite, setDespite] = useState('')
  const choices = scopes(ncr)
  const narrow = within === null ? undefined : choices[within]
  const scope: EffectScope | null =
    change === null
      ? null
      : { change, ...(from && { from }), ...(of && { class: of }), ...(narrow && { within: narrow }) }
  const effect = useEffectOf(scope)
  const shown = effect.data?.shown ?? false
  return (
    <DeedDialog
      title={t('ncr.state.verify')}
      confirm={t('ncr.record')}
      complete={scope !== null && (!effective || shown || despite.trim() !== '')}
      act={async ({ by, reason }, decision) => {
        if (scope === null) return
        const words = { effective, reason, ...(effective && !shown && { despite: despite.trim() }) }
        await takeStep({ kind: 'verify', ncr: ncr.id, by, ...scope, ...words }, decision)
      }}
      close={close}
    >
      <TimeField label={t('analysis.change')} value={change} set={(v) => setChange(v || null)} />
      <TimeField label={t('analysis.from')} value={from} set={(v) => setFrom(v || null)} />
      <label>
        <span>{t('analysis.class')}</span>
        <Select
          value={of}
          onChange={setOf}
          options={[
            { value: '', label: t('analysis.anyDefect') },
            ...ncr.classes.map((c) => ({ value: c, label: className(c) })),
          ]}
        />
      </label>
      <label>
        <span>{t('ncr.within')}</span>
        <Select
          value={within ?? -1}
          onChange={(n: number) => setWithin(n < 0 ? null : n)}
          options={[
            { value: -1, label: t('ncr.everything') },
            ...choices.map((c, i) => ({
              value: i,
              label: `${t(`analysis.factors.${c.factor}`)} ${c.value}`,
            })),
          ]}
        />
      </label>
      <p data-ncr-effect={effect.data ? String(shown) : ''}>
        {effect.error && <ErrorWords error={effect.error} />}
        {effect.data && (
          <>
            <Comparison of={effect.data.comparison} />{' '}
            <b className={shown ? 'tone-pass' : 'tone-inconclusive'}>
              {t(shown ? 'ncr.shown' : 'ncr.notShown')}
            </b>
          </>
        )}
      </p>
      <Segmented<boolean>
        aria-label={t('ncr.step.verify')}
        value={effective}
        onChange={setEffective}
        options={[
          { value: true, label: t('ncr.effective') },
          { value: false, label: t('ncr.notEffective') },
        ]}
      />
      {effective && effect.data && !shown && (
        <label>
          <span>{t('ncr.despite')}</span>
          <Input value={despite} maxLength={500} onChange={(e) => setDespite(e.target.value)} />
        </label>
      )}
    </DeedDialog>
  )
}
