import { useEffect, useState } from 'react'
import { useLocation, useSearchParams } from 'react-router'
import { useReviews } from '../api/life-hooks.ts'
import type { ReviewItem } from '../api/types.ts'
import { choiceIn, useUrlChoice } from '../look/url-choice.ts'

export const FILTERS = ['all', 'grey', 'audit', 'band', 'background'] as const
export type Filter = (typeof FILTERS)[number]

/** Which list is gone through and which part of it is shown; both stand in the address. */
export function useShownPart() {
  const [search, setSearch] = useSearchParams()
  const place = useLocation()
  const { pathname } = place
  const [inUrl] = useUrlChoice<Filter>('sample', FILTERS, 'all')
  // The address follows in its own time; what was chosen counts at once, so that no key meets a part of the other list.
  const [filter, choose] = useState(inUrl)
  const reviews = useReviews(filter === 'all' ? null : filter)
  const [shown, setShown] = useState<ReviewItem | null>(null)
  const [after, setAfter] = useState(0)
  const [wanted, setWanted] = useState(() => search.get('part'))
  const [missed, setMissed] = useState<string | null>(null)
  const waiting = reviews.data?.waiting ?? []
  const there = reviews.data !== undefined && !reviews.isPlaceholderData
  const at = waiting.findIndex((i) => i.inspectionId === shown?.inspectionId)
  // What is looked at stays, also when somebody else reviews it meanwhile: no key may meet another part than was seen.
  const item = waiting[at] ?? shown
  const first = waiting.find((i) => i.position > after) ?? waiting[0] ?? null
  const goOn = (position: number): void => {
    setAfter(position)
    setShown(null)
    setMissed(null)
  }
  // The way back of the browser leads to another list, and to the part of it that was shown. Who takes it before the
  // other list has settled comes from an address that no render has seen: what counts is where the browser is now.
  useEffect(() => {
    const now = new URLSearchParams(window.location.search)
    const to = choiceIn(now, 'sample', FILTERS, 'all')
    if (to === filter || window.location.pathname !== pathname) return
    choose(to)
    goOn(0)
    setWanted(now.get('part'))
  }, [place])
  useEffect(() => {
    if (!there || shown !== null) return
    const asked = waiting.find((i) => i.inspectionId === wanted)
    if (wanted !== null && asked === undefined) setMissed(wanted)
    setWanted(null)
    if (asked ?? first) setShown(asked ?? first)
  }, [there, shown, first, waiting, wanted])
  const id = item?.inspectionId
  useEffect(() => {
    // Who leaves the page is not brought back.
    if (id === undefined || window.location.pathname !== pathname) return
    const next = new URLSearchParams(window.location.search)
    // Nor does a part get into the address of the other list, to which somebody has gone this moment.
    if (choiceIn(next, 'sample', FILTERS, 'all') !== filter) return
    next.set('part', id)
    setSearch(next, { replace: true })
  }, [id, inUrl, filter])
  const setFilter = (to: Filter): void => {
    choose(to)
    goOn(0)
    setWanted(null)
    setSearch(to === 'all' ? {} : { sample: to })
  }
  return { filter, setFilter, reviews, waiting, at, item, setShown, setAfter, goOn, missed }
}
