import { Button, type ButtonProps } from 'antd'
import type { ReactNode } from 'react'
import { getJson } from '../api/client.ts'

let kind: 'line' | 'plant' = 'line'

/** Asks what the server stands for, once: it does not change while the page is open. Without an answer: a line. */
export async function askSite(): Promise<void> {
  try {
    kind = (await getJson<{ kind: 'line' | 'plant' }>('/api/site')).kind
  } catch {
    // The page says that the server is away.
  }
}

/** Whether the pages stand over the store of a plant, where parts are looked at and only holds are stated. */
export const atPlant = (): boolean => kind === 'plant'

/** What is done on the line alone. */
export const OnLine = ({ children }: { children: ReactNode }): ReactNode => (atPlant() ? null : children)

/** A button for a deed that is done on the line alone. */
export const LineButton = (props: ButtonProps): ReactNode => (atPlant() ? null : <Button {...props} />)
