import { Checkbox, Input, InputNumber, Segmented, Select } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { TimeField } from '../look/time-field.tsx'

const FROM = ['records', 'parts', 'folder'] as const
const MAYBE = ['none', ...FROM] as const

/** Where images come from, as it is typed. */
export interface SourceDraft {
  from: (typeof MAYBE)[number]
  station: string | null
  lot: string
  since: string | null
  images: number
  /** Only what a person found good. */
  confirmed: boolean
  ids: string
  dir: string
}

export const sourceDraft = (from: SourceDraft['from'], dir = ''): SourceDraft => ({
  from,
  station: null,
  lot: '',
  since: null,
  images: 100,
  confirmed: false,
  ids: '',
  dir,
})

/** What is asked for, null = none; and of which kind something is missing. */
export function sourceOf(
  d: SourceDraft,
  are: 'good' | 'defective',
  first: string,
): { source: object | null; missing: (typeof FROM)[number] | null } {
  const { from, lot, since, images } = d
  if (from === 'none') return { source: null, missing: null }
  if (from === 'folder') return { source: { from, dir: d.dir }, missing: d.dir === '' ? from : null }
  if (from === 'parts') {
    const inspections = d.ids.split(/\s+/).filter((line) => line !== '')
    const enough = inspections.length > (are === 'good' ? 1 : 0)
    return { source: { from, inspections }, missing: enough ? null : from }
  }
  const confirmed = are === 'good' ? { confirmed: d.confirmed } : {}
  const which = { ...(lot && { lot }), ...(since && { since }) }
  return {
    source: { from, station: d.station ?? first, images, ...confirmed, ...which },
    missing: lot !== '' || since !== null ? null : from,
  }
}

export function SourceSwitch(p: {
  are: 'good' | 'defective'
  value: SourceDraft
  set(value: SourceDraft): void
}): ReactNode {
  const { t } = useTranslation()
  return (
    <div data-teach-source={p.are}>
      <p className="muted">{t(p.are === 'good' ? 'teach.source' : 'teach.defects')}</p>
      <Segmented<SourceDraft['from']>
        aria-label={t(p.are === 'good' ? 'teach.source' : 'teach.defects')}
        value={p.value.from}
        onChange={(from) => p.set({ ...p.value, from })}
        options={(p.are === 'good' ? FROM : MAYBE).map((s) => ({ value: s, label: t(`teach.from.${s}`) }))}
      />
    </div>
  )
}

export function SourceFields(p: {
  are: 'good' | 'defective'
  value: SourceDraft
  set(value: SourceDraft): void
  stations: readonly string[]
  folders: readonly string[]
}): ReactNode {
  const { t } = useTranslation()
  const { are, value, stations, folders } = p
  const set = (over: Partial<SourceDraft>): void => p.set({ ...value, ...over })
  if (value.from === 'none') return null
  if (value.from === 'parts')
    return (
      <label>
        <span>{t('teach.ids')}</span>
        <Input.TextArea rows={4} value={value.ids} onChange={(e) => set({ ids: e.target.value })} />
      </label>
    )
  if (value.from === 'folder')
    return (
      <label>
        <span>{folders.length === 0 ? t('teach.noFolder') : t('teach.folder')}</span>
        <Input
          value={value.dir}
          maxLength={1024}
          data-teach-dir={are}
          onChange={(e) => set({ dir: e.target.value })}
        />
      </label>
    )
  return (
    <>
      <label>
        <span>{t('teach.station')}</span>
        <Select
          value={value.station ?? stations[0] ?? ''}
          onChange={(station) => set({ station })}
          options={stations.map((s) => ({ value: s, label: s }))}
        />
      </label>
      <label>
        <span>{t('teach.lot')}</span>
        <Input
          value={value.lot}
          maxLength={128}
          data-teach-lot={are}
          onChange={(e) => set({ lot: e.target.value })}
        />
      </label>
      <TimeField label={t('teach.since')} value={value.since} set={(v) => set({ since: v || null })} />
      <label>
        <span>{t('teach.images')}</span>
        <InputNumber
          value={value.images}
          min={are === 'good' ? 2 : 1}
          max={500}
          onChange={(n) => set({ images: n ?? 100 })}
        />
      </label>
      {are === 'good' ? (
        <Checkbox checked={value.confirmed} onChange={(e) => set({ confirmed: e.target.checked })}>
          {t('teach.confirmed')}
        </Checkbox>
      ) : (
        <small className="muted">{t('teach.foundBad')}</small>
      )}
    </>
  )
}
