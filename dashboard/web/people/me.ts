import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { AccountsAnswer, Me } from '../api/types.ts'
import { deleteJson, getJson, sendJson } from '../api/client.ts'

const ME = ['me']

/** Who the server takes this browser for. */
export const useMe = (): UseQueryResult<Me> =>
  useQuery({
    queryKey: ME,
    queryFn: ({ signal }) => getJson<Me>('/api/me', signal),
    staleTime: 60_000,
    // Nothing of the line.
    meta: { quiet: true },
    // A session ends by itself, by an administrator, or in another tab.
    refetchInterval: 300_000,
    refetchOnWindowFocus: 'always',
  })

/** Whether nobody is signed in where to do something takes an account. */
export function useMustSignIn(): boolean {
  const me = useMe().data
  return me?.accounts === true && me.account === null && me.role !== 'admin'
}

/**
 * All is asked for again when another person is here, or nobody, in whichever tab that came about: what they may not see is
 * refused then, and goes.
 */
export function useOwnAnswers(me: Me | undefined): void {
  const client = useQueryClient()
  const who = me && `${me.account?.id ?? ''} ${me.role}`
  const before = useRef(who)
  useEffect(() => {
    if (who === undefined || who === before.current) return
    const isFirst = before.current === undefined
    before.current = who
    if (!isFirst) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME[0] })
  }, [client, who])
}

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
