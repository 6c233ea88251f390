import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useRestored } from './feed.ts'

/** What failed while the server was away is asked for again when it is back, without a reload of the page. */
export function AskAgain(): null {
  const client = useQueryClient()
  const restored = useRestored()
  const seen = useRef(restored)
  useEffect(() => {
    if (seen.current === restored) return
    seen.current = restored
    void client.refetchQueries({ type: 'active', predicate: (query) => query.state.error !== null })
    for (const image of document.images)
      if (image.complete && image.naturalWidth === 0) image.setAttribute('src', image.src)
  }, [client, restored])
  return null
}
