import { CodedError, EVENT_DATA, envelopeSchema, type QEvent } from '../../contracts/index.ts'

interface CheckResult {
  error?: { issues: { path: PropertyKey[]; message: string }[] } | undefined
}

/**
 * The envelope of any event and the data of the types the core defines.
 *
 * @throws EVT_SCHEMA naming the path of the first fault
 */
export function checkEvent(event: Omit<QEvent, 'sequence'>): void {
  const schemas: Record<string, { safeParse(v: unknown): CheckResult }> = EVENT_DATA
  const envelope = (envelopeSchema.safeParse(event) as CheckResult).error?.issues[0]
  const data = schemas[event.type]?.safeParse(event.data).error?.issues[0]
  const issue = envelope ?? data
  if (issue === undefined) return
  const path = envelope === undefined ? ['data', ...issue.path] : issue.path
  throw new CodedError('EVT_SCHEMA', {
    path: path.map(String).join('.'),
    actual: issue.message,
    hint: `event ${event.type} ${event.id}`,
  })
}
