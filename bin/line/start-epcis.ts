import { asCoded, errorText } from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import type { EpcisService } from '../../traceability/query/index.ts'
import { log } from '../setup/log.ts'

/** Starts queries and subscriptions of EPCIS beside the line, which goes on without them and says so. */
export function startEpcis(epcis: EpcisService, notices: LineState['degraded']): void {
  epcis.start().catch((error: unknown) => {
    const why = asCoded(error, 'TRC_OPEN')
    log.error({ code: why.code, error: why.message }, 'EPCIS queries and subscriptions stand still')
    const { en, zh } = errorText(why)
    const text = {
      en: `EPCIS queries and subscriptions stand still: ${en}`,
      zh: `EPCIS 查询和订阅已停止:${zh}`,
    }
    notices.push({ id: 'epcis', text })
  })
}
