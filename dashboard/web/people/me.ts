import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import type { AccountsAnswer, Me } from '../api/types.ts'
import { deleteJson, getJson, sendJson } from '../api/client.ts'

const ME = ['me']

/** Who the server takes this browser for. */
export const useMe = (): UseQueryResult<Me> =>
  useQuery({
    queryKey: ME,
    queryFn: ({ signal }) => getJson<Me>('/api/me', signal),
    staleTime: 60_000,
    // A session ends by itself, or by an administrator.
    refetchInterval: 300_000,
  })

export const signIn = (account: string, password: string): Promise<Me> =>
  sendJson('POST', '/api/me/sign-in', { account, password })
export const signOut = (): Promise<unknown> => sendJson('POST', '/api/me/sign-out', {})
export const changeOwnPassword = (old: string, password: string): Promise<Me> =>
  sendJson('POST', '/api/me/password', { old, password })

export const useAccounts = (): UseQueryResult<AccountsAnswer> =>
  useQuery({
    queryKey: ['accounts'],
    queryFn: ({ signal }) => getJson<AccountsAnswer>('/api/accounts', signal),
  })
export const addAccount = (account: object): Promise<AccountsAnswer> =>
  sendJson('POST', '/api/accounts', account)
export const changeAccount = (id: string, change: object): Promise<AccountsAnswer> =>
  sendJson('POST', `/api/accounts/${id}`, change)
export const removeAccount = (id: string): Promise<AccountsAnswer> => deleteJson(`/api/accounts/${id}`)
