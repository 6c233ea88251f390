import { useState } from 'react'
import { useMe } from '../people/me.ts'

const STORAGE = 'sightline.name'

/**
 * Name under which somebody acts: that of the account that is signed in, which stands, else what was typed once and is
 * remembered on this machine.
 */
export function usePerson(): readonly [name: string, set: (name: string) => void, stands: boolean] {
  const account = useMe().data?.account
  const [name, setName] = useState(() => localStorage.getItem(STORAGE) ?? '')
  return [
    account?.name ?? name,
    (next) => {
      localStorage.setItem(STORAGE, next.trim())
      setName(next)
    },
    account !== null && account !== undefined,
  ]
}
