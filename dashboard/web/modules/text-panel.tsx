import { type ReactNode } from 'react'
import type { Text } from '../api/types.ts'
import { useText } from '../i18n/index.ts'
import type { PanelState } from './module-types.ts'

export function TextPanel({ data }: { data: PanelState }): ReactNode {
  const text = useText()
  const { text: body } = data as PanelState & { text?: Text | string }
  return <p>{typeof body === 'string' ? body : body ? text(body) : ''}</p>
}
