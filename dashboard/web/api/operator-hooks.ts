import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { deleteJson, getJson, sendJson } from './client.ts'
import { hasOperators } from '../shell/site.tsx'
import type { OperatorsAnswer } from './types.ts'

/** No data on other machines: names of people are for the line PC. */
export const useOperators = (): UseQueryResult<OperatorsAnswer> =>
  useQuery({
    queryKey: ['operators'],
    enabled: hasOperators(),
    queryFn: ({ signal }) => getJson<OperatorsAnswer>('/api/line/operators', signal),
    retry: false,
    refetchInterval: 10_000,
  })

/** @param operator badge or name; null signs off */
export const signOn = (station: string, operator: string | null): Promise<OperatorsAnswer> =>
  sendJson('POST', '/api/line/operator', { station, operator })

/** The reference stays in the log and stands for nobody from then on. */
export const forgetOperator = (ref: string): Promise<OperatorsAnswer> =>
  deleteJson(`/api/line/operators/${encodeURIComponent(ref)}`)
