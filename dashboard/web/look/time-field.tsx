import { Input } from 'antd'
import { type ReactNode } from 'react'
import { momentOf, wallText, zoneName, zoneText } from './zone.ts'

/** A moment by the clock of the pages, which it says; what the address carries is RFC 3339 in UTC. */
export function TimeField(p: {
  label: string
  value: string | null
  disabled?: boolean
  set(value: string): void
}): ReactNode {
  const at = p.value === null ? null : new Date(p.value)
  const shown = at === null || Number.isNaN(at.getTime()) ? null : at
  const { date, time } = shown === null ? { date: '', time: '' } : wallText(shown)
  return (
    <label className="time-field" title={`${zoneName()} ${zoneText(shown ?? new Date())}`}>
      <span className="muted">{p.label}</span>
      <Input
        type="datetime-local"
        value={shown === null ? '' : `${date}T${time.slice(0, 5)}`}
        disabled={p.disabled ?? false}
        onChange={(e) => p.set(momentOf(e.target.value)?.toISOString() ?? '')}
      />
    </label>
  )
}
