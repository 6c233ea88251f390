import { useEffect, useState } from 'react'
import { imageUrl } from '../../api/hooks.ts'
import { useRestored } from '../../live/feed.ts'

export interface LoadedImage {
  bitmap: HTMLImageElement
  widthPx: number
  heightPx: number
  /** Red, green, blue of an image pixel; null outside. */
  valueAt(x: number, y: number): readonly [number, number, number] | null
}

export interface ImageState {
  image: LoadedImage | null
  failed: boolean
}

/** Loads the lossless image; while the next one loads, the last one is gone, so that nobody judges a wrong picture. */
export function useImage(sha256: string | null): ImageState {
  const [state, setState] = useState<ImageState & { of: string | null }>({
    of: null,
    image: null,
    failed: false,
  })
  const restored = useRestored()
  // What failed may be there when the server is back.
  const again = state.of === sha256 && state.failed ? restored : 0
  useEffect(() => {
    if (sha256 === null) return
    const bitmap = new Image()
    let current = true
    bitmap.onload = () => {
      if (current) setState({ of: sha256, image: readable(bitmap), failed: false })
    }
    bitmap.onerror = () => {
      if (current) setState({ of: sha256, image: null, failed: true })
    }
    bitmap.src = imageUrl(sha256)
    return () => {
      current = false
    }
  }, [sha256, again])
  return state.of === sha256 ? state : { image: null, failed: false }
}

function readable(bitmap: HTMLImageElement): LoadedImage {
  const widthPx = bitmap.naturalWidth
  const heightPx = bitmap.naturalHeight
  let context: CanvasRenderingContext2D | null = null
  return {
    bitmap,
    widthPx,
    heightPx,
    valueAt(x, y) {
      if (x < 0 || y < 0 || x >= widthPx || y >= heightPx) return null
      if (!context) {
        const canvas = document.createElement('canvas')
        canvas.width = widthPx
        canvas.height = heightPx
        context = canvas.getContext('2d', { willReadFrequently: true })
        context?.drawImage(bitmap, 0, 0)
      }
      const pixel = context?.getImageData(Math.floor(x), Math.floor(y), 1, 1).data
      return pixel ? [pixel[0] ?? 0, pixel[1] ?? 0, pixel[2] ?? 0] : null
    },
  }
}
