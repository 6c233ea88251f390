import { basename } from 'node:path'
import { type CodedError, errorText } from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import { log } from '../setup/log.ts'

export interface Notices {
  /** What was found when the line started and still stands. */
  notices: LineState['degraded']
  /** A damaged file that was set aside, and is made again from the log. */
  onSetAside(why: CodedError): void
  /** Of the store. */
  onAlarm(why: CodedError): void
}

export function openNotices(): Notices {
  const notices: LineState['degraded'] = []
  return {
    notices,
    onSetAside(why) {
      log.warn({ code: why.code }, why.message)
      notices.push({ id: `rebuilt-${basename(why.detail.file ?? '')}`, text: errorText(why) })
    },
    onAlarm(why) {
      log.error({ code: why.code }, why.message)
      if (why.code === 'TRC_SCHEMA') notices.push({ id: 'schema', text: errorText(why) })
    },
  }
}
