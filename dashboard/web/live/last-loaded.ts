import { useEffect, useRef, useState } from 'react'
import { thumbUrl } from '../api/hooks.ts'
import type { PartRow } from '../api/types.ts'

/** Longest time that a verdict waits for its picture, ms. */
const PATIENCE_MS = 1_000

/**
 * The last part of which the picture is here, so that verdict, boxes and picture change as one: boxes on the picture
 * of the part before would show a defect where there is none. While one is loaded others may pass by; the newest is next.
 */
export function useLastLoaded(row: PartRow | undefined, width: 640): PartRow | undefined {
  const [shown, setShown] = useState(row)
  const loading = useRef(false)
  useEffect(() => {
    if (row === undefined || row === shown || loading.current) return
    loading.current = true
    void loaded(row, width).then(() => {
      loading.current = false
      setShown(row)
    })
  }, [row, shown, width])
  return shown ?? row
}

/** Also when there is none, it cannot be had, or takes too long. */
function loaded({ image }: PartRow, width: 640): Promise<void> {
  return new Promise((resolve) => {
    if (!image) return resolve()
    const picture = new Image()
    const timer = setTimeout(resolve, PATIENCE_MS)
    picture.onload = picture.onerror = () => {
      clearTimeout(timer)
      resolve()
    }
    picture.src = thumbUrl(image.sha256, width)
  })
}
