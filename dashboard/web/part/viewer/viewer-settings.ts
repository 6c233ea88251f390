import { useCallback, useState } from 'react'

/** How the viewer shows parts; kept from part to part and in the browser. */
export interface ViewerSettings {
  mode: 'part' | 'golden' | 'side' | 'flicker'
  boxes: boolean
  mapOn: boolean
  /** Tool whose score map is shown; the first one when it is not there. */
  map: string | null
  mapOpacity: number
}

const STORAGE = 'sightline.viewer'
const DEFAULT: ViewerSettings = { mode: 'part', boxes: true, mapOn: false, map: null, mapOpacity: 0.55 }

export function useViewerSettings(): [ViewerSettings, (change: Partial<ViewerSettings>) => void] {
  const [settings, setSettings] = useState<ViewerSettings>(read)
  const change = useCallback((part: Partial<ViewerSettings>) => {
    setSettings((old) => {
      const next = { ...old, ...part }
      localStorage.setItem(STORAGE, JSON.stringify(next))
      return next
    })
  }, [])
  return [settings, change]
}

function read(): ViewerSettings {
  try {
    return { ...DEFAULT, ...(JSON.parse(localStorage.getItem(STORAGE) ?? '{}') as Partial<ViewerSettings>) }
  } catch {
    return DEFAULT
  }
}
