import { Checkbox, Input } from 'antd'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** How parts lie, and how often each was photographed. */
export interface TeachSwitches {
  turn: boolean
  group: boolean
  /** Of a folder: the part of the file name that says which workpiece it is; empty = none. */
  groupBy: string
}

export const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

export function TeachSwitchRow({
  value,
  set,
  named,
}: {
  value: TeachSwitches
  set(value: TeachSwitches): void
  /** Whether names of images may tell the workpiece: those of recorded parts are ids. */
  named: boolean
}): ReactNode {
  const { t } = useTranslation()
  const byName = named && value.groupBy !== ''
  return (
    <>
      <Switch
        name="turn"
        checked={value.turn}
        set={(turn) => set({ ...value, turn })}
        label={t('teach.turn')}
        hint={t('teach.turnHint')}
      />
      <Switch
        name="group"
        checked={byName || value.group}
        disabled={byName}
        set={(group) => set({ ...value, group })}
        label={t('teach.group')}
        hint={t(byName ? 'teach.groupNamed' : 'teach.groupHint')}
      />
      {named && (
        <label className="last-column">
          <span>{t('teach.groupBy')}</span>
          <Input
            value={value.groupBy}
            maxLength={256}
            placeholder="^(SN\d+)_"
            status={isPattern(value.groupBy) ? '' : 'error'}
            data-teach-group-by=""
            onChange={(e) => set({ ...value, groupBy: e.target.value })}
          />
          <small className="muted">{t('teach.groupByHint')}</small>
        </label>
      )}
    </>
  )
}

const Switch = (p: {
  name: string
  checked: boolean
  disabled?: boolean
  set(on: boolean): void
  label: string
  hint: string
}): ReactNode => (
  <div className="teach-switch">
    <Checkbox
      checked={p.checked}
      disabled={p.disabled ?? false}
      data-teach-switch={p.name}
      onChange={(e) => p.set(e.target.checked)}
    >
      {p.label}
    </Checkbox>
    <small className="muted">{p.hint}</small>
  </div>
)
