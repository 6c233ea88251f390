import {
  keepPreviousData,
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query'
import { getJson, queryText, sendJson } from './client.ts'
import type { Decision } from './decision.ts'
import type {
  DriftAnswer,
  EscapeEstimates,
  Hold,
  LifeAnswer,
  PartAnswer,
  Recall,
  RegisteredModel,
  ReviewItem,
  ReviewsAnswer,
  TeachAnswer,
  TeachPicture,
  UnitDisposition,
  VerdictResult,
} from './types.ts'

const useAsked = <T>(key: readonly unknown[], path: string, everyMs: number | false): UseQueryResult<T> =>
  useQuery({
    queryKey: key,
    queryFn: ({ signal }) => getJson<T>(path, signal),
    refetchInterval: everyMs,
  })

export const useLife = () => useAsked<LifeAnswer>(['life'], '/api/life', 3_000)
export const usePackages = () =>
  useAsked<{ packages: RegisteredModel[] }>(['packages'], '/api/life/packages', false)
export const useDrift = () => useAsked<DriftAnswer>(['drift'], '/api/life/drift', 5_000)
export const useTeach = () => useAsked<TeachAnswer>(['teach'], '/api/life/teach', 1_000)
export const useTeachPicture = (run: string, name: string): UseQueryResult<TeachPicture> =>
  useQuery({
    queryKey: ['teach-picture', run, name],
    queryFn: ({ signal }) =>
      getJson<TeachPicture>(`/api/life/teach/picture?${queryText({ run, name })}`, signal),
    staleTime: Infinity,
    retry: false,
  })
export const useReviews = (sample: string | null): UseQueryResult<ReviewsAnswer> =>
  useQuery({
    queryKey: ['reviews', sample],
    queryFn: ({ signal }) =>
      getJson<ReviewsAnswer>(`/api/life/reviews?${queryText({ limit: 200, sample })}`, signal),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  })
export const useAudit = (from: string | null) =>
  useAsked<EscapeEstimates>(['audit', from], `/api/life/audit?${queryText({ from })}`, 5_000)
export const useHolds = () => useAsked<Hold[]>(['holds'], '/api/holds', 5_000)

/** Everything that something concerns; asked for when it is opened. */
export const useRecall = (target: string, from?: string): UseQueryResult<Recall> =>
  useQuery({
    queryKey: ['recall', target, from],
    queryFn: ({ signal }) => getJson<Recall>(`/api/recall?${queryText({ target, from })}`, signal),
    retry: false,
  })

/** One part, without its neighbours; asked for again where it is looked at for long. */
export const useOnePart = (
  inspectionId: string | null,
  everyMs: number | false = false,
): UseQueryResult<PartAnswer> =>
  useQuery({
    queryKey: ['part', inspectionId, 'alone'],
    enabled: inspectionId !== null,
    queryFn: ({ signal }) => getJson<PartAnswer>(`/api/parts/${inspectionId}`, signal),
    refetchInterval: everyMs,
    staleTime: 60_000,
  })

/** Changes something, then asks everything again that may show it. */
export function useSend<A, R = unknown>(send: (ask: A) => Promise<R>): UseMutationResult<R, Error, A> {
  const client = useQueryClient()
  return useMutation({ mutationFn: send, onSettled: () => client.invalidateQueries() })
}

export interface HoldAsk {
  kind: 'hold' | 'release'
  target: string
  by: string
  reason: string
}

/** @returns the id of the fact */
export const stateHold = (ask: HoldAsk, decision: Decision): Promise<string> =>
  decision.state(`${ask.kind} ${ask.target}`, async (fact) => {
    await sendJson('POST', '/api/trace/events', { ...fact, ...ask })
    return fact.id
  })

export interface DisposeAsk {
  /** Canonical URI, or `unit/…`. */
  unit: string
  disposition: UnitDisposition
  by: string
  reason: string
  /** The inspection that was looked at: refused when there is a later one. */
  inspection: string
  /** The decision about it that was in force then, null = none: refused when there is another. */
  over: string | null
}

export const stateDisposition = (ask: DisposeAsk, decision: Decision): Promise<unknown> =>
  decision.state('dispose', (fact) =>
    sendJson('POST', '/api/trace/events', { ...fact, kind: 'dispose', ...ask }),
  )

export const retractFact = (
  ask: { supersedes: string; by: string; reason: string },
  decision: Decision,
): Promise<unknown> =>
  decision.state(`retract ${ask.supersedes}`, (fact) =>
    sendJson('POST', '/api/trace/events', { ...fact, kind: 'retract', ...ask }),
  )

export interface ReviewAsk {
  inspectionId: string
  verdict: VerdictResult
  by: string
  reason: string
  /** Event of the review that was in force when it was looked at; null = there was none. */
  over: string | null
}

export const stateReview = (ask: ReviewAsk, decision: Decision): Promise<ReviewItem> =>
  decision.state('review', ({ id }) => sendJson('POST', '/api/life/reviews', { id, ...ask }))

/** @param ask `review`: event of the review that is taken back */
export const undoReview = (
  ask: { inspectionId: string; by: string; review: string | null },
  decision: Decision,
): Promise<ReviewItem> =>
  decision.state('undo', ({ id }) => sendJson('POST', '/api/life/reviews/undo', { id, ...ask }))
