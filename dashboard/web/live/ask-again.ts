import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useLive } from './feed.ts'

/**
 * What failed while the server was away is asked for again when it is back, without a reload of the page. After a banner
 * that nothing here is current, all that is shown is: it goes with the banner, and much of it is asked for only once.
 */
export function AskAgain(): null {
  const client = useQueryClient()
  const { connection, restored } = useLive()
  const seen = useRef(restored)
  const all = useRef(false)
  useEffect(() => {
    if (connection === 'lost') all.current = true
    if (seen.current === restored) return
    seen.current = restored
    const again = all.current
    all.current = false
    void client.refetchQueries({ type: 'active', predicate: (query) => again || query.state.error !== null })
    for (const image of document.images)
      if (image.complete && image.naturalWidth === 0) image.setAttribute('src', image.src)
  }, [client, connection, restored])
  return null
}
