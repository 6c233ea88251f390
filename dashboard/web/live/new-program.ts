import { useEffect, useState } from 'react'
import { liveFeed, useRestored } from './feed.ts'

/** The script that an index of the pages begins with, named by its content. */
const programIn = (html: string): string | null =>
  /<script\b[^>]*\bsrc="(\/assets\/[^"]+)"/.exec(html)?.[1] ?? null

const own = (): string | null => programIn(document.head.innerHTML)

/** The index that the server would give now; null = it cannot be had, or another program answers in its place. */
async function served(): Promise<string | null> {
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-store' })
    const html = await answer.text()
    return answer.ok && programIn(html) !== null ? html : null
  } catch {
    return null
  }
}

/** Whether all files that an index names are here; they are kept for a year. */
async function isHere(html: string): Promise<boolean> {
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
  const answers = await Promise.all(
    files.map(async (path) => {
      const answer = await fetch(path)
      await answer.arrayBuffer()
      return answer.ok
    }),
  ).catch(() => [false])
  return answers.every(Boolean)
}

/**
 * Puts the pages that the server has now in place of these. Not by a reload: what a proxy answers instead, while the server
 * is away again, would stay on a screen that nobody touches.
 *
 * @param end of what runs here
 * @returns whether they could be had
 */
async function replacePages(end: () => void): Promise<boolean> {
  const html = await served()
  if (html === null || !(await isHere(html))) return false
  end()
  liveFeed.stop()
  document.open()
  document.write(html)
  document.close()
  return true
}

const AGAIN_MS = 5_000

let endPages = (): void => {}

/** @param end of what runs on the page, where other pages take its place */
export const onReplace = (end: () => void): void => void (endPages = end)

/** For a screen on the wall: shows newer pages as soon as the server has them, and they can be had. */
export function useNewestPages(): void {
  const isNew = useNewProgram()
  useEffect(() => {
    if (!isNew) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let left = false
    const load = async (): Promise<void> => {
      if (!(await replacePages(endPages)) && !left) timer = setTimeout(() => void load(), AGAIN_MS)
    }
    void load()
    return () => {
      left = true
      clearTimeout(timer)
    }
  }, [isNew])
}

/** Whether the server has other pages than the ones that run here: they change while it is away. */
export function useNewProgram(): boolean {
  const restored = useRestored()
  const [isNew, setNew] = useState(false)
  useEffect(() => {
    if (restored === 0) return
    let left = false
    void served().then((html) => {
      const now = html && programIn(html)
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
