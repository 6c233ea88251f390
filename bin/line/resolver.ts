import { join } from 'node:path'
import {
  CodedError,
  type EventLog,
  type InspectionCompleted,
  type LineSpec,
  type ResolverSpec,
} from '../../contracts/index.ts'
import type { LineState, Resolved, ResolverLink, ResolverPort } from '../../dashboard/index.ts'
import {
  canonicalUri,
  type ConsumerLedger,
  handleRecord,
  linksetOf,
  openDerived,
  RegistrationQueue,
  SqlRegistrationStore,
} from '../../traceability/index.ts'
import type { Questions } from '../../traceability/query/index.ts'
import { log } from '../setup/log.ts'

const LINK_LIMIT = 500
const EVERY_MS = 1_000
const CONSUMER = 'resolver'
const GS1 = 'https://id.gs1.org'

/** Resolves what is on record; every thread but this one does the looking up. */
export function localResolver(spec: ResolverSpec | undefined, questions: Questions): ResolverPort {
  const links = async (
    uri: string,
    base: string,
  ): Promise<{ canonical: string; links: ResolverLink[] } | null> => {
    const life = await questions.bySerial(uri)
    const last = life?.inspections.at(-1)
    if (!last) return null
    return {
      canonical: last.unit,
      links: [
        { href: `${base}/part/${last.inspectionId}`, linkType: 'pip', title: 'The part' },
        { href: lifeHref(base, last.unit), linkType: 'traceability', title: 'Its life, as data' },
      ],
    }
  }
  return {
    async resolve(path, base): Promise<Resolved | null> {
      const uri = canonicalUri(`${GS1}${path}`)
      const found = uri === null ? null : await links(uri, base)
      return found && { ...found, linkset: linksetOf(found.canonical, found.links) }
    },
    async handle(prefix, suffix, base) {
      if (prefix !== spec?.handlePrefix) return null
      const found = await links(suffix, base)
      const at = new Date().toISOString()
      return found && handleRecord({ prefix, suffix, canonical: found.canonical, at }, found.links)
    },
  }
}

const lifeHref = (base: string, uri: string): string => `${base}/api/parts/${encodeURIComponent(uri)}/life`

export interface Registrations {
  degraded(): LineState['degraded']
  close(): Promise<void>
}

/** Tells the resolver outside of every named part once, from a cursor of its own; null when none is named. */
export function openRegistrations(
  { resolver }: LineSpec,
  dataDir: string,
  events: EventLog,
  ledger: ConsumerLedger,
  onSetAside: (why: CodedError) => void,
): Registrations | null {
  const register = resolver?.register
  if (!register) return null
  let again = false
  const open = openDerived((why) => {
    again = true
    onSetAside(why)
  })
  const db = open(join(dataDir, 'registrations.db'), { synchronous: 'full' })
  const store = new SqlRegistrationStore(db)
  const queue = new RegistrationQueue(store, (_uri, record) => post(register, record))
  let failure: string | null = null
  let stopped = false
  let turn: Promise<void> = Promise.resolve()

  const follow = async (): Promise<void> => {
    // Records the outside has already are told once more: it takes them as they are.
    if (again) await ledger.advance(CONSUMER, 0)
    again = false
    for (;;) {
      const after = await ledger.cursor(CONSUMER)
      const batch = events.read(after, LINK_LIMIT)
      const last = batch.at(-1)
      if (last === undefined || stopped) break
      for (const { event } of batch) {
        if (event.type !== 'qe.inspection.completed.v1') continue
        const { unit, genealogy } = event.data as InspectionCompleted
        if (unit.identifiedBy !== 'code' || genealogy === undefined) continue
        const record = recordOf(register, resolver.handlePrefix, genealogy.unit, unit.serial, event.time)
        if (!store.has(genealogy.unit, JSON.stringify(record))) await queue.register(genealogy.unit, record)
      }
      await ledger.advance(CONSUMER, last.position)
    }
    await queue.run()
    const { waiting, error } = await queue.health()
    const now = waiting > 0 && error !== null ? error.message : null
    if (now !== null && failure === null)
      log.warn({ waiting }, `the resolver outside takes no records: ${now}`)
    failure = now
  }
  const timer = setInterval(() => {
    turn = turn.then(follow).catch((error: unknown) => {
      log.error({ error: String(error) }, 'identities could not be registered')
    })
  }, EVERY_MS)
  return {
    degraded: () =>
      failure === null
        ? []
        : [
            {
              id: 'resolver',
              text: {
                en: `The resolver outside takes no records, they wait: ${failure}`,
                zh: `外部解析系统未接收标识记录,记录等待重发:${failure}`,
              },
            },
          ],
    async close() {
      stopped = true
      clearInterval(timer)
      await turn
      db.close()
    },
  }
}

function recordOf(
  { form, baseUrl }: NonNullable<ResolverSpec['register']>,
  prefix: string | undefined,
  uri: string,
  serial: string,
  at: string,
): object {
  const links = [
    ...(uri.startsWith(GS1)
      ? [{ href: `${baseUrl}/id${uri.slice(GS1.length)}`, linkType: 'pip', title: 'The part' }]
      : []),
    { href: lifeHref(baseUrl, uri), linkType: 'traceability', title: 'Its life, as data' },
  ]
  return form === 'linkset' || prefix === undefined
    ? linksetOf(uri, links)
    : handleRecord({ prefix, suffix: serial, canonical: uri, at }, links)
}

async function post(
  { url, token, form, timeoutMs }: NonNullable<ResolverSpec['register']>,
  record: string,
): Promise<void> {
  const res = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': form === 'linkset' ? 'application/linkset+json' : 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: record,
    signal: AbortSignal.timeout(timeoutMs),
  })
  await res.body?.cancel()
  if (!res.ok)
    throw new CodedError('TRC_WRITE', { path: url, expected: 'status 2xx', actual: `${res.status}` })
}
