import { useEffect, useState } from 'react'
import type { PartAnswer } from '../api/types.ts'
import { useImage } from '../part/viewer/loaded-image.ts'

/** Nobody answers a picture sooner, ms; the second press of a double one comes within it. */
const SEEN_MS = 300

/**
 * Whether the picture of a part, and what others decided about it, have stood long enough to be answered for; also where
 * there is no picture to be had.
 */
export function useSeen(answer: PartAnswer | undefined): boolean {
  const row = answer?.part.row
  const id = row === undefined ? null : `${row.inspectionId} ${row.decision?.fact ?? ''}`
  const sha256 = row?.image?.sha256 ?? null
  const { image, failed } = useImage(sha256)
  const there = id !== null && (sha256 === null || image !== null || failed)
  const [seen, setSeen] = useState<string | null>(null)
  useEffect(() => {
    setSeen(null)
    if (!there) return
    const timer = setTimeout(() => setSeen(id), SEEN_MS)
    return () => clearTimeout(timer)
  }, [id, there])
  return there && seen === id
}
