import type { LineState } from '../api/types.ts'

type Alarm = LineState['alarms'][number]

/** A shift of reviews may leave an alarm for each of hundreds of parts: no more of a kind are shown than leave the stations in sight. */
const MOST = 3

/** What parts, cameras and gates do at this moment; the others wait for a person, for hours. */
const OF_NOW = new Set(['fault', 'consecutive', 'rate', 'same-place'])
export const isOfNow = ({ alarm }: Alarm): boolean => OF_NOW.has(alarm)
const later = ([first]: Alarm[]): number => (first && isOfNow(first) ? 0 : 1)

/** Of each kind of alarm at a station the newest, oldest of these first, and how many more there are; what stops parts before the rest. */
export function fewAlarms(alarms: readonly Alarm[], most = MOST): { shown: Alarm[]; more: number }[] {
  const kinds = new Map<string, Alarm[]>()
  for (const a of alarms) {
    const kind = `${a.station} ${a.alarm} ${a.code}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), a])
  }
  const ordered = [...kinds.values()].toSorted((a, b) => later(a) - later(b))
  return ordered.map((list) => ({
    shown: list.toSorted((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since))).slice(-most),
    more: Math.max(0, list.length - most),
  }))
}
