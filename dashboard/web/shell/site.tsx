import { Button, type ButtonProps } from 'antd'
import type { ReactNode } from 'react'
import { getJson } from '../api/client.ts'
import { unsure } from '../api/decision.ts'
import { goBy } from '../look/zone.ts'

interface Site {
  kind: 'line' | 'plant'
  operators: boolean
  proof: boolean
  /** Of the clock of the line, IANA; null where lines of several may stand. */
  timeZone: string | null
}

let site: Site = { kind: 'line', operators: false, proof: false, timeZone: null }

/**
 * Asks what the server stands for; it does not change while the page is open. Without an answer: a line.
 *
 * @returns false when the server is away, which the page says; it is worth another try
 */
export async function askSite(): Promise<boolean> {
  try {
    site = await getJson<Site>('/api/site')
    goBy(site.timeZone)
    return true
  } catch (error) {
    return !unsure(error)
  }
}

/** Whether the pages stand over the store of a plant, where parts are looked at and only holds are stated. */
export const atPlant = (): boolean => site.kind === 'plant'

/** Whether people sign on at the stations. */
export const hasOperators = (): boolean => site.operators

/** Whether the log is signed, and a part can be proven. */
export const hasProof = (): boolean => site.proof

/** What is done on the line alone. */
export const OnLine = ({ children }: { children: ReactNode }): ReactNode => (atPlant() ? null : children)

/** A button for a deed that is done on the line alone. */
export const LineButton = (props: ButtonProps): ReactNode => (atPlant() ? null : <Button {...props} />)
