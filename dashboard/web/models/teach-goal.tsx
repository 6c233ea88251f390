import { Input, InputNumber, Select } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { en } from '../i18n/en.ts'

const GOALS = ['falseCalls', 'recall', 'cost'] as const
type Method = keyof typeof en.teach.methods
const METHODS = Object.keys(en.teach.methods) as Method[]

/** How the threshold is chosen; shares in percent. */
export interface GoalDraft {
  goal: (typeof GOALS)[number]
  falseCalls: number
  recall: number
  escape: number
  falseCall: number
  defectShare: number
}
export const USUAL_GOAL: GoalDraft = {
  goal: 'falseCalls',
  falseCalls: 5,
  recall: 100,
  escape: 100,
  falseCall: 1,
  defectShare: 2,
}

/** Without defective images there is nothing to find, or to cost. */
export function goalOf(d: GoalDraft, defects: boolean): object {
  if (d.goal === 'recall' && defects) return { recall: d.recall / 100 }
  if (d.goal === 'cost' && defects)
    return { cost: { escape: d.escape, falseCall: d.falseCall, defectShare: d.defectShare / 100 } }
  return { falseCalls: d.falseCalls / 100 }
}

/** What is rarely changed. Null = as the program chooses. */
export interface SettingsDraft {
  confidence: number
  method: Method
  areaPx: number | null
  seed: number
  mask: string
}
export const USUAL_SETTINGS: SettingsDraft = {
  confidence: 95,
  method: 'auto',
  areaPx: null,
  seed: 1,
  mask: '',
}

export const settingsOf = ({ confidence, method, areaPx, seed, mask }: SettingsDraft): object => ({
  confidence: confidence / 100,
  method,
  areaPx,
  seed,
  mask: mask || null,
})

const Percent = (p: {
  label: string
  value: number
  min: number
  max: number
  usual: number
  set(value: number): void
}): ReactNode => (
  <label>
    <span>{p.label}</span>
    <InputNumber value={p.value} min={p.min} max={p.max} suffix="%" onChange={(n) => p.set(n ?? p.usual)} />
  </label>
)

export function GoalFields(p: {
  value: GoalDraft
  set(value: GoalDraft): void
  defects: boolean
}): ReactNode {
  const { t } = useTranslation()
  const { value } = p
  const set = (over: Partial<GoalDraft>): void => p.set({ ...value, ...over })
  const goal = p.defects ? value.goal : 'falseCalls'
  return (
    <>
      {p.defects && (
        <label data-teach-goal="">
          <span>{t('teach.goal')}</span>
          <Select
            value={goal}
            onChange={(chosen) => set({ goal: chosen })}
            options={GOALS.map((g) => ({ value: g, label: t(`teach.goals.${g}`) }))}
          />
        </label>
      )}
      {goal === 'falseCalls' && (
        <Percent
          label={t('teach.falseCalls')}
          value={value.falseCalls}
          min={0.01}
          max={50}
          usual={USUAL_GOAL.falseCalls}
          set={(falseCalls) => set({ falseCalls })}
        />
      )}
      {goal === 'recall' && (
        <Percent
          label={t('teach.recall')}
          value={value.recall}
          min={1}
          max={100}
          usual={USUAL_GOAL.recall}
          set={(recall) => set({ recall })}
        />
      )}
      {goal === 'cost' && (
        <div className="teach-costs">
          {(['escape', 'falseCall'] as const).map((name) => (
            <label key={name}>
              <span>{t(`teach.costOf.${name}`)}</span>
              <InputNumber
                value={value[name]}
                min={0.001}
                max={1e9}
                onChange={(n) => set({ [name]: n ?? USUAL_GOAL[name] })}
              />
            </label>
          ))}
          <Percent
            label={t('teach.defectShare')}
            value={value.defectShare}
            min={0.01}
            max={50}
            usual={USUAL_GOAL.defectShare}
            set={(defectShare) => set({ defectShare })}
          />
        </div>
      )}
    </>
  )
}

/** Folded away: the usual values serve almost always. */
export function SettingsFields(p: { value: SettingsDraft; set(value: SettingsDraft): void }): ReactNode {
  const { t } = useTranslation()
  const { value } = p
  const set = (over: Partial<SettingsDraft>): void => p.set({ ...value, ...over })
  return (
    <details className="teach-settings">
      <summary data-teach-settings="">{t('teach.settings')}</summary>
      <div className="two-columns deed">
        <Percent
          label={t('teach.confidence')}
          value={value.confidence}
          min={51}
          max={99.9}
          usual={USUAL_SETTINGS.confidence}
          set={(confidence) => set({ confidence })}
        />
        <label>
          <span>{t('teach.method')}</span>
          <Select
            value={value.method}
            onChange={(method) => set({ method })}
            options={METHODS.map((m) => ({ value: m, label: t(`teach.methods.${m}`) }))}
          />
        </label>
        <label>
          <span>{t('teach.area')}</span>
          <InputNumber
            value={value.areaPx}
            min={4_096}
            max={33_554_432}
            precision={0}
            placeholder={t('teach.areaUsual')}
            suffix="px"
            onChange={(areaPx) => set({ areaPx })}
          />
          <small className="muted">{t('teach.areaHint')}</small>
        </label>
        <label>
          <span>{t('teach.seed')}</span>
          <InputNumber
            value={value.seed}
            min={0}
            max={4_294_967_295}
            precision={0}
            onChange={(n) => set({ seed: n ?? USUAL_SETTINGS.seed })}
          />
        </label>
        <label>
          <span>{t('teach.mask')}</span>
          <Input value={value.mask} maxLength={1024} onChange={(e) => set({ mask: e.target.value })} />
        </label>
      </div>
    </details>
  )
}
