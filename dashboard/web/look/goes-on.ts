import type { PartRow } from '../api/types.ts'

const GOES_ON: readonly PartRow['disposition'][] = ['release', 'use-as-is', 'regrade']

/** Whether a part with that disposition goes on as it is; any other waits for something to be done. */
export const goesOn = (disposition: PartRow['disposition']): boolean => GOES_ON.includes(disposition)
