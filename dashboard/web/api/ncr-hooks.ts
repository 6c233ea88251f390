import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { z } from 'zod'
import type { NcrAck, NcrComparison, NcrStepAsk } from '../../../contracts/index.ts'
import type { ncrEffectSchema } from '../../server/schemas/ncr.schema.ts'
import { getJson, queryText, sendJson } from './client.ts'
import type { Decision } from './decision.ts'
import type { NcrDetail, NcrList } from './types.ts'

export const useNcrs = (filter: { open?: boolean; target?: string }): UseQueryResult<NcrList> =>
  useQuery({
    queryKey: ['ncrs', filter],
    queryFn: ({ signal }) =>
      getJson<NcrList>(
        `/api/ncrs?${queryText({ open: filter.open ? 'true' : null, target: filter.target })}`,
        signal,
      ),
    refetchInterval: 5_000,
  })

export const useNcr = (id: string): UseQueryResult<NcrDetail> =>
  useQuery({
    queryKey: ['ncr', id],
    queryFn: ({ signal }) => getJson<NcrDetail>(`/api/ncrs/${encodeURIComponent(id)}`, signal),
    refetchInterval: 5_000,
  })

export type Effect = z.infer<typeof ncrEffectSchema>
export type EffectScope = Pick<
  Extract<NcrStepAsk, { kind: 'verify' }>,
  'change' | 'from' | 'to' | 'class' | 'within'
>

/** The comparison that a verification would be recorded with; null scope = not asked yet. */
export const useEffectOf = (scope: EffectScope | null): UseQueryResult<Effect> =>
  useQuery({
    queryKey: ['effect', scope],
    enabled: scope !== null,
    retry: false,
    queryFn: ({ signal }) => {
      const { within, ...rest } = scope ?? { change: '' }
      return getJson<Effect>(`/api/ncrs/effect?${queryText({ ...rest, ...within })}`, signal)
    },
  })

export type StepAsk = NcrStepAsk extends infer S ? (S extends { id: string } ? Omit<S, 'id'> : never) : never

export const takeStep = (step: StepAsk, decision: Decision): Promise<NcrAck> =>
  decision.state('step', ({ id }) => sendJson<NcrAck>('POST', '/api/ncrs/steps', { id, ...step }))

export type { NcrComparison }
