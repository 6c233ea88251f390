import { useEffect, useState } from 'react'
import { useRestored } from './feed.ts'

/** The script that an index of the pages begins with, named by its content. */
const programIn = (html: string): string | null =>
  /<script\b[^>]*\bsrc="(\/assets\/[^"]+)"/.exec(html)?.[1] ?? null

const own = (): string | null => programIn(document.head.innerHTML)

/** What the server would give now; null = it cannot be had, or another program answers in its place. */
async function served(): Promise<string | null> {
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-store' })
    return answer.ok ? programIn(await answer.text()) : null
  } catch {
    return null
  }
}

/** Whether the server has other pages than the ones that run here: they change while it is away. */
export function useNewProgram(): boolean {
  const restored = useRestored()
  const [isNew, setNew] = useState(false)
  useEffect(() => {
    if (restored === 0) return
    let left = false
    void served().then((now) => {
      const runs = own()
      // Where it cannot be told, what was told before stands.
      if (!left && now !== null && runs !== null) setNew(now !== runs)
    })
    return () => {
      left = true
    }
  }, [restored])
  return isNew
}
