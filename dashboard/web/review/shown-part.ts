import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useLocation, useSearchParams } from 'react-router'
import { useLooks, useReviews } from '../api/life-hooks.ts'
import type { ReviewItem } from '../api/types.ts'
import { choiceIn, useUrlChoice } from '../look/url-choice.ts'

export const FILTERS = ['all', 'grey', 'audit', 'band', 'background'] as const
export type Filter = (typeof FILTERS)[number]

/** Who comes behind a position of the log, else the first. */
const behind = (items: readonly ReviewItem[], position: number): ReviewItem | null =>
  items.find((i) => i.position > position) ?? items[0] ?? null

/**
 * Which list is gone through and which part of it is shown; both stand in the address.
 *
 * @param by who may answer; '' = nobody here
 */
export function useShownPart(by: string) {
  const [search, setSearch] = useSearchParams()
  const { pathname } = useLocation()
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
  const looks = useLooks(item?.inspectionId ?? null, by)
  const others = new Map(looks.data?.others.map((o) => [o.inspectionId, o.by]))
  const free = waiting.filter((i) => !others.has(i.inspectionId))
  // Where others have all of them, the work of one of them may be for nothing, and the page says so.
  const first = behind(free, after) ?? behind(waiting, after)
  /** What nobody chose. */
  const given = useRef<string | null>(null)
  /** Of which it is known whether another had it first. */
  const known = useRef<string | null>(null)
  const goOn = (position: number): void => {
    setAfter(position)
    setShown(null)
    setMissed(null)
  }
  // The way back of the browser leads to another list, and to the part of it that was shown.
  useEffect(() => {
    if (inUrl === filter) return
    choose(inUrl)
    goOn(0)
    setWanted(search.get('part'))
  }, [inUrl])
  useEffect(() => {
    if (!there || shown !== null) return
    const asked = waiting.find((i) => i.inspectionId === wanted)
    if (wanted !== null && asked === undefined) setMissed(wanted)
    setWanted(null)
    given.current = asked ? null : (first?.inspectionId ?? null)
    if (asked ?? first) setShown(asked ?? first)
  }, [there, shown, first, waiting, wanted])
  const id = item?.inspectionId
  const isKnown = looks.isFetched && !looks.isPlaceholderData
  // Two who come at the same time are given the same part; the second goes on before its picture can be answered.
  useLayoutEffect(() => {
    if (!isKnown || id === undefined || known.current === id) return
    known.current = id
    const next = given.current === id && others.has(id) ? behind(free, after) : null
    if (next === null) return
    given.current = next.inspectionId
    setShown(next)
  })
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
  return {
    filter,
    setFilter,
    reviews,
    waiting,
    at,
    item,
    /** The one that is given next. */
    next:
      item &&
      behind(
        free.filter((i) => i !== item),
        item.position,
      ),
    /** By inspection, who else looks at it and came first. */
    others,
    /** Whether somebody else has the part is known, or cannot be. */
    isKnown,
    choose: (to: ReviewItem | null): void => {
      given.current = null
      setShown(to)
    },
    /** Gives the next, unless somebody has gone to another part meanwhile. */
    leave: (inspectionId: string): void =>
      setShown((now) => (now?.inspectionId === inspectionId ? null : now)),
    setAfter,
    goOn,
    missed,
  }
}
