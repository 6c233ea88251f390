import { useEffect } from 'react'
import type { ViewerSettings } from './viewer-settings.ts'

export interface ViewerActions {
  fit(): void
  trueSize(): void
  zoom(factor: number): void
  change(settings: Partial<ViewerSettings>): void
  settings: ViewerSettings
  hasGolden: boolean
}

const TEXT_FIELD = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]'
/** Controls that move by arrow keys themselves. */
const ARROW_CONTROL = 'input[type="radio"], [role="slider"]'

/**
 * The key that is meant for the page, letters small whether Caps Lock is on or not, but not those with Shift; null while it
 * has another meaning: with Ctrl and the like, letters in a field, arrows on a slider, anything while a dialog is open,
 * which is about the part it was opened for.
 */
export function pageKey(event: KeyboardEvent): string | null {
  const { key, target } = event
  if (event.ctrlKey || event.metaKey || event.altKey || dialogOpen()) return null
  const taken = key.startsWith('Arrow') ? `${TEXT_FIELD}, ${ARROW_CONTROL}` : TEXT_FIELD
  if (target instanceof HTMLElement && target.closest(taken) !== null) return null
  return key.length === 1 && !event.shiftKey ? key.toLowerCase() : key
}

const dialogOpen = (): boolean =>
  [...document.querySelectorAll('[role="dialog"]')].some((dialog) => dialog.getClientRects().length > 0)

/** 0 fit, 1 true size, + − zoom, b boxes, m score map, g golden flicker. */
export function useViewerKeys(a: ViewerActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const key = pageKey(event)
      if (key === '0') a.fit()
      else if (key === '1') a.trueSize()
      else if (key === '+' || key === '=') a.zoom(1.4)
      else if (key === '-') a.zoom(1 / 1.4)
      else if (key === 'b') a.change({ boxes: !a.settings.boxes })
      else if (key === 'm') a.change({ mapOn: !a.settings.mapOn })
      else if (key === 'g' && a.hasGolden)
        a.change({ mode: a.settings.mode === 'flicker' ? 'part' : 'flicker' })
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [a])
}
