import { useEffect, useState } from 'react'
import { flushSync } from 'react-dom'

/** True while the page is being put on paper, where nobody can turn to the next rows. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    // The browser takes the page as it is when the event returns.
    const begin = (): void => flushSync(() => setPrinting(true))
    const end = (): void => setPrinting(false)
    window.addEventListener('beforeprint', begin)
    window.addEventListener('afterprint', end)
    return () => {
      window.removeEventListener('beforeprint', begin)
      window.removeEventListener('afterprint', end)
    }
  }, [])
  return printing
}

/** Turns a table into pages of rows where it is longer than one; on paper all its rows stand below each other. */
export function usePaging(): (rows: number, pageSize: number) => false | { pageSize: number; size: 'small' } {
  const printing = usePrinting()
  return (rows, pageSize) => (rows > pageSize && !printing ? { pageSize, size: 'small' } : false)
}
