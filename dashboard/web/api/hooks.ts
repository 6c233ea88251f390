import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query'
import { useEffect } from 'react'
import { atPlant } from '../shell/site.tsx'
import { getJson, queryText } from './client.ts'
import type {
  Analysis,
  DefectCount,
  LineAnswer,
  PartAnswer,
  PartPage,
  Places,
  PlantAnswer,
  SerialLife,
  ShiftBalances,
  StationBalance,
  StationCounters,
  UnitLife,
} from './types.ts'

const POLL_MS = 2_000

/** Where these stand, the page itself says that they are old. */
const meta = { quiet: true }

export const useLine = (): UseQueryResult<LineAnswer> =>
  useQuery({
    queryKey: ['line'],
    enabled: !atPlant(),
    queryFn: ({ signal }) => getJson<LineAnswer>('/api/line', signal),
    refetchInterval: 10_000,
  })

export const usePlant = (): UseQueryResult<PlantAnswer> =>
  useQuery({
    queryKey: ['plant'],
    enabled: atPlant(),
    queryFn: ({ signal }) => getJson<PlantAnswer>('/api/plant', signal),
    refetchInterval: 5_000,
  })

export const useCounters = (since: string | null): UseQueryResult<StationCounters[]> =>
  useQuery({
    queryKey: ['counters', since],
    meta,
    queryFn: ({ signal }) => getJson<StationCounters[]>(`/api/counters?${queryText({ since })}`, signal),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  })

export const useBalance = (): UseQueryResult<StationBalance[]> =>
  useQuery({
    queryKey: ['balance'],
    meta,
    queryFn: ({ signal }) => getJson<StationBalance[]>('/api/balance', signal),
    refetchInterval: POLL_MS,
  })

export const useShiftBalances = (): UseQueryResult<ShiftBalances> =>
  useQuery({
    queryKey: ['balance', 'shifts'],
    queryFn: ({ signal }) => getJson<ShiftBalances>('/api/balance/shifts', signal),
    refetchInterval: 10_000,
  })

export const usePareto = (since: string | null): UseQueryResult<DefectCount[]> =>
  useQuery({
    queryKey: ['pareto', since],
    meta,
    queryFn: ({ signal }) => getJson<DefectCount[]>(`/api/pareto?${queryText({ since })}`, signal),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  })

/** `line` of a plant; `from` and `to` RFC 3339; `first` and `last` inspection ids. */
const FILTER = ['line', 'station', 'result', 'class', 'lot', 'from', 'to', 'first', 'last'] as const
export type PartFilter = Record<(typeof FILTER)[number], string | null>

export const filterOf = (search: URLSearchParams): PartFilter =>
  Object.fromEntries(FILTER.map((key) => [key, search.get(key)])) as PartFilter

export const filterText = (filter: PartFilter): string => queryText(filter)

/** Pages of 50, newest first. */
export const useParts = (filter: PartFilter, enabled: boolean) =>
  useInfiniteQuery({
    queryKey: ['parts', filter],
    enabled,
    initialPageParam: null as number | null,
    queryFn: async ({ pageParam, signal }) => ({
      ...(await getJson<PartPage>(
        `/api/parts?${queryText({ ...filter, limit: 50, before: pageParam })}`,
        signal,
      )),
      // Older pages are asked for later, and say nothing of how new the newest part is.
      readMs: Date.now(),
    }),
    getNextPageParam: (page) => page.nextBefore,
  })

const partQuery = (inspectionId: string, filter: PartFilter) => ({
  queryKey: ['part', inspectionId, filter],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    getJson<PartAnswer>(`/api/parts/${encodeURIComponent(inspectionId)}?${filterText(filter)}`, signal),
  staleTime: 5_000,
})

/** What others review, decide and hold meanwhile is seen on a part's page without a reload. */
export const PART_POLL_MS = 5_000

/** One part; its neighbours are fetched ahead, so that paging through hundreds does not wait. */
export function usePart(inspectionId: string, filter: PartFilter): UseQueryResult<PartAnswer> {
  const client = useQueryClient()
  const query = useQuery({
    ...partQuery(inspectionId, filter),
    placeholderData: keepPreviousData,
    refetchInterval: PART_POLL_MS,
  })
  const neighbours = query.data?.neighbours
  useEffect(() => {
    for (const id of [neighbours?.older, neighbours?.newer])
      if (id)
        void client.prefetchQuery(partQuery(id, filter)).then(() => {
          const of: PartAnswer | undefined = client.getQueryData(partQuery(id, filter).queryKey)
          preload(of?.part.row.image?.sha256)
        })
  }, [client, neighbours?.older, neighbours?.newer, filter])
  return query
}

/** Asks for an image that is looked at next; one of many megapixels takes seconds. */
export function preload(sha256: string | null | undefined): void {
  if (sha256) new Image().src = imageUrl(sha256)
}

export const useSerial = (serial: string | null): UseQueryResult<SerialLife> =>
  useQuery({
    queryKey: ['serial', serial],
    enabled: serial !== null,
    queryFn: ({ signal }) => getJson<SerialLife>(`/api/serials/${encodeURIComponent(serial ?? '')}`, signal),
    retry: false,
  })

/** Serials that begin with a text. */
export const useSerialsFrom = (begins: string): UseQueryResult<{ serials: string[]; more: boolean }> =>
  useQuery({
    queryKey: ['serials', begins],
    queryFn: ({ signal }) => getJson(`/api/serials?${queryText({ begins })}`, signal),
    retry: false,
  })

export const useUnitLife = (serial: string): UseQueryResult<{ units: UnitLife[] }> =>
  useQuery({
    queryKey: ['unit-life', serial],
    queryFn: ({ signal }) =>
      getJson<{ units: UnitLife[] }>(`/api/parts/${encodeURIComponent(serial)}/life?shown=50`, signal),
    refetchInterval: PART_POLL_MS,
    retry: false,
  })

export interface AnalysisFilter {
  class: string | null
  from: string | null
  to: string | null
  change: string | null
  each: string | null
}

export const useAnalysis = (filter: AnalysisFilter): UseQueryResult<Analysis> =>
  useQuery({
    queryKey: ['analysis', filter],
    queryFn: ({ signal }) => getJson<Analysis>(`/api/analysis?${queryText({ ...filter })}`, signal),
    placeholderData: keepPreviousData,
  })

export const usePlaces = (
  filter: Pick<AnalysisFilter, 'class' | 'from' | 'to'> & { recipe: string | null },
): UseQueryResult<Places> =>
  useQuery({
    queryKey: ['places', filter],
    queryFn: ({ signal }) => getJson<Places>(`/api/analysis/places?${queryText({ ...filter })}`, signal),
    placeholderData: keepPreviousData,
  })

/** Lossless; for the viewer. */
export const imageUrl = (sha256: string): string => `/api/images/${sha256}`

export const thumbUrl = (sha256: string, widthPx: 96 | 160 | 320 | 640 | 1280): string =>
  `/api/images/${sha256}?width=${widthPx}&format=webp`
