import { useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { z } from 'zod'
import type { lettersAnswerSchema, sinksAnswerSchema } from '../../server/schemas/sinks.schema.ts'
import { getJson, queryText, sendJson } from './client.ts'

export type SinksAnswer = z.infer<typeof sinksAnswerSchema>
export type ShownSink = SinksAnswer['sinks'][number]
type LettersPage = z.infer<typeof lettersAnswerSchema>

const pathOf = (sink: string): string => `/api/sinks/${encodeURIComponent(sink)}`

/** Not asked for where the line has no sinks. */
export const useSinks = (enabled: boolean): UseQueryResult<SinksAnswer> =>
  useQuery({
    queryKey: ['sinks'],
    enabled,
    queryFn: ({ signal }) => getJson<SinksAnswer>('/api/sinks', signal),
    refetchInterval: 3_000,
  })

/** What a sink did not take, 20 at a time, newest first; `dead` asks again when there are more or fewer. */
export const useLetters = (sink: string, dead: number) =>
  useInfiniteQuery({
    queryKey: ['sink-letters', sink, dead],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) =>
      getJson<LettersPage>(`${pathOf(sink)}/letters?${queryText({ limit: 20, before: pageParam })}`, signal),
    getNextPageParam: (page) => page.nextBefore,
    placeholderData: (before) => before,
  })

/** @param from position; null = the dead letters */
export const sendAgain = (sink: string, from: number | null, by: string): Promise<unknown> =>
  sendJson('POST', `${pathOf(sink)}/replay`, { by, ...(from === null ? { dead: true } : { from }) })
