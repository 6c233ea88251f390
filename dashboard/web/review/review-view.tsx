import { useState, type ReactNode } from 'react'
import type { PartAnswer } from '../api/types.ts'
import { useViewerSettings } from '../part/viewer/viewer-settings.ts'
import { Viewer } from '../part/viewer/viewer.tsx'
import { Failed, Waiting } from '../shell/states.tsx'

/** The image of the part under review, with all the viewer can do. */
export function ReviewView({
  answer,
  error,
  retry,
}: {
  answer: PartAnswer | undefined
  error: Error | null
  retry: () => void
}): ReactNode {
  const [settings, change] = useViewerSettings()
  const [hovered, setHovered] = useState<string | null>(null)
  if (error && !answer) return <Failed error={error} retry={retry} />
  if (!answer) return <Waiting />
  return (
    <Viewer
      answer={answer}
      settings={settings}
      change={change}
      hovered={hovered}
      onHover={setHovered}
      focus={null}
    />
  )
}
