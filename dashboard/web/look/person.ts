import { useState } from 'react'

const STORAGE = 'sightline.name'

/** Name under which somebody acts; there are no accounts, so it is typed once and remembered on this machine. */
export function usePerson(): readonly [name: string, set: (name: string) => void] {
  const [name, setName] = useState(() => localStorage.getItem(STORAGE) ?? '')
  return [
    name,
    (next) => {
      localStorage.setItem(STORAGE, next.trim())
      setName(next)
    },
  ]
}
