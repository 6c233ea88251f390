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
 * True while the key has another meaning: letters in a field, arrows on a slider, anything while a dialog is open, which is
 * about the part it was opened for.
 */
export function isTyping(event: KeyboardEvent): boolean {
  if (dialogOpen()) return true
  if (!(event.target instanceof HTMLElement)) return false
  const arrow = event.key.startsWith('Arrow')
  return event.target.closest(arrow ? `${TEXT_FIELD}, ${ARROW_CONTROL}` : TEXT_FIELD) !== null
}

const dialogOpen = (): boolean =>
  [...document.querySelectorAll('[role="dialog"]')].some((dialog) => dialog.getClientRects().length > 0)

/** 0 fit, 1 true size, + − zoom, b boxes, m score map, g golden flicker. */
export function useViewerKeys(a: ViewerActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === '0') a.fit()
      else if (event.key === '1') a.trueSize()
      else if (event.key === '+' || event.key === '=') a.zoom(1.4)
      else if (event.key === '-') a.zoom(1 / 1.4)
      else if (event.key === 'b') a.change({ boxes: !a.settings.boxes })
      else if (event.key === 'm') a.change({ mapOn: !a.settings.mapOn })
      else if (event.key === 'g' && a.hasGolden)
        a.change({ mode: a.settings.mode === 'flicker' ? 'part' : 'flicker' })
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [a])
}
