import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { hasProof } from '../shell/site.tsx'
import type { Inclusion, LogProofState } from './types.ts'

/** No data where the line does not sign its log. */
export const useProofState = (): UseQueryResult<LogProofState> =>
  useQuery({
    queryKey: ['proof'],
    enabled: hasProof(),
    queryFn: ({ signal }) => getJson<LogProofState>('/api/proof', signal),
    retry: false,
    staleTime: 60_000,
  })

/** Asked for by hand: tiles are read and signatures checked. */
export const useProof = (unit: string): UseQueryResult<Inclusion> =>
  useQuery({
    queryKey: ['proof', unit],
    queryFn: ({ signal }) => getJson<Inclusion>(`/api/parts/${encodeURIComponent(unit)}/proof`, signal),
    enabled: false,
    retry: false,
  })
