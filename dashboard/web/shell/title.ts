import { useEffect } from 'react'

/** Names the tab of the browser, so that several can be told apart; null = somebody else does. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title !== null) document.title = `${title} · Sightline`
  }, [title])
}
