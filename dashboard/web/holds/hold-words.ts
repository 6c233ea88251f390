import type { Recall } from '../api/types.ts'

/** `lot/L7`, `unit/SN1`, `station/st10` of a canonical URI; what has no short form stays. */
export function shortTarget(uri: string): string {
  const serial =
    /^urn:sightline:serial:[^:]*:([^:]+)$/.exec(uri) ?? /^https:\/\/id\.gs1\.org\/.*\/21\/([^/]+)$/.exec(uri)
  if (serial?.[1]) return `unit/${decodeURIComponent(serial[1])}`
  const lot =
    /^urn:sightline:lot:[^:]*:([^:]+)$/.exec(uri) ??
    /^https:\/\/id\.gs1\.org\/01\/\d{14}\/10\/([^/]+)$/.exec(uri)
  if (lot?.[1]) return `lot/${decodeURIComponent(lot[1])}`
  const plain = /^urn:sightline:([a-z]+):([^:]+)$/.exec(uri)
  return plain?.[1] && plain[2] ? `${plain[1]}/${decodeURIComponent(plain[2])}` : uri
}

/** Not in the path: there `..` is a step, and a router takes `%2F` in a name for a slash. */
export const lotPath = (lot: string): string => `/lot?name=${encodeURIComponent(lot)}`

/** The page of a thing, by its URI; null = it has none. */
export function pageOf(uri: string): string | null {
  const short = shortTarget(uri)
  if (short.startsWith('unit/')) return `/parts?serial=${encodeURIComponent(uri)}`
  return short.startsWith('lot/') ? lotPath(short.slice('lot/'.length)) : null
}

type Place = keyof Recall['places']

/** Places with parts, most first. */
export const placeCounts = (recall: Recall): [Place, number][] =>
  (Object.entries(recall.places) as [Place, number][]).sort((a, b) => b[1] - a[1])

/** Whether a hold that is in force stands on exactly this thing. */
export const isHeld = (
  holds: readonly { target: string; releasedAt: string | null }[] | undefined,
  target: string,
): boolean => (holds ?? []).some((h) => h.releasedAt === null && shortTarget(h.target) === target)
