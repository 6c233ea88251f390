import { Input } from 'antd'
import { type ReactNode } from 'react'

/** A moment in local time; what the address carries is RFC 3339 in UTC. */
export function TimeField(p: {
  label: string
  value: string | null
  disabled?: boolean
  set(value: string): void
}): ReactNode {
  const at = p.value === null ? null : new Date(p.value)
  const local =
    at === null || Number.isNaN(at.getTime())
      ? ''
      : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  return (
    <label className="time-field">
      <span className="muted">{p.label}</span>
      <Input
        type="datetime-local"
        value={local}
        disabled={p.disabled ?? false}
        onChange={(e) => p.set(e.target.value === '' ? '' : new Date(e.target.value).toISOString())}
      />
    </label>
  )
}
