import {
  type LoggedEvent,
  NCR_EVENT_DATA,
  NCR_EVENT_TYPE,
  type NcrCategory,
  type NcrComparison,
  type NcrStep,
  type NcrStepKind,
} from '../../contracts/index.ts'

type StepOf<K extends NcrStepKind> = Omit<Extract<NcrStep, { kind: K }>, 'id' | 'kind'>
/** Who took a step, and when. */
interface Signed {
  by: string
  at: string
}

export interface NcrAction extends Signed {
  id: string
  text: string
  owner: string
  /** Day, `2026-01-31`. */
  due: string
  state: 'open' | 'done' | 'dropped'
  /** Who said that it is done or dropped, and how. */
  ended: (Signed & { note: string }) | null
}

export interface NcrVerification extends Signed {
  effective: boolean
  reason: string
  despite?: string | undefined
  change: string
  from?: string | undefined
  to?: string | undefined
  class?: string | undefined
  within?: Extract<NcrStep, { kind: 'verify' }>['within']
  comparison: NcrComparison
}

export interface NcrHistoryEntry extends Signed {
  position: number
  kind: NcrStepKind
  /** Words of the step, as they were given. */
  text: string
}

/** A nonconformance report as its events make it. */
export interface Ncr {
  id: string
  title: string
  severity: 'minor' | 'major' | 'critical'
  opened: Signed
  /** Canonical URIs, or `lot/<name>` of a lot named before it was known. */
  targets: string[]
  evidence: { inspections: string[]; classes: string[] }
  containment: (Signed & { holds: string[]; note: string | null }) | null
  cause: (Signed & { category: NcrCategory; whys: string[] }) | null
  actions: NcrAction[]
  /** Of what is stated now: a cause or action stated later takes it back. */
  verification: NcrVerification | null
  ended: (Signed & { kind: 'closed' | 'withdrawn'; reason: string }) | null
  history: NcrHistoryEntry[]
}

/** Prefix of the subject of their events. */
export const NCR_SUBJECT = 'ncr/'

const KIND = new Map<string, NcrStepKind>(
  (Object.keys(NCR_EVENT_TYPE) as NcrStepKind[]).map((kind) => [NCR_EVENT_TYPE[kind], kind]),
)

/**
 * One step further. Pure: the same events in the order of the log give the same report.
 *
 * @param ncr before the event; null for the one that opens it. Taken over: use what is returned.
 * @returns null when the event is none of a report, or does not belong behind the ones before
 */
export function applyNcr(ncr: Ncr | null, { position, event }: LoggedEvent): Ncr | null {
  const kind = KIND.get(event.type)
  if (kind === undefined) return ncr
  const { ncr: id, ...data } = NCR_EVENT_DATA[NCR_EVENT_TYPE[kind]].parse(event.data) as {
    ncr: string
  } & Record<string, unknown>
  const signed: Signed = { by: String(data['by']), at: event.time }
  if (kind === 'open') {
    const { title, severity, targets, evidence } = data as unknown as StepOf<'open'>
    ncr ??= {
      id,
      title,
      severity,
      opened: signed,
      targets,
      evidence,
      containment: null,
      cause: null,
      actions: [],
      verification: null,
      ended: null,
      history: [],
    }
  }
  if (ncr === null) return null
  change(ncr, kind, data, signed)
  ncr.history.push({ position, kind, ...signed, text: wordsOf(ncr, kind, data) })
  return ncr
}

function change(ncr: Ncr, kind: NcrStepKind, data: Record<string, unknown>, signed: Signed): void {
  switch (kind) {
    case 'open':
      break
    case 'amend': {
      const { title, severity, targets, evidence } = data as unknown as StepOf<'open'>
      Object.assign(ncr, { title, severity, targets, evidence })
      break
    }
    case 'contain': {
      const { holds, note } = data as unknown as StepOf<'contain'>
      ncr.containment = { ...signed, holds, note: note ?? null }
      break
    }
    case 'cause': {
      const { category, whys } = data as unknown as StepOf<'cause'>
      ncr.cause = { ...signed, category, whys }
      ncr.verification = null
      break
    }
    case 'act': {
      const { action, text, owner, due } = data as unknown as StepOf<'act'>
      const stated: NcrAction = { id: action, text, owner, due, ...signed, state: 'open', ended: null }
      const at = ncr.actions.findIndex((a) => a.id === action)
      if (at < 0) ncr.actions.push(stated)
      else ncr.actions[at] = stated
      ncr.verification = null
      break
    }
    case 'done':
    case 'drop': {
      const { action, note } = data as unknown as StepOf<'done'>
      const found = ncr.actions.find((a) => a.id === action)
      if (found !== undefined) {
        found.state = kind === 'done' ? 'done' : 'dropped'
        found.ended = { ...signed, note }
      }
      ncr.verification = null
      break
    }
    case 'verify':
      ncr.verification = { ...(data as unknown as StepOf<'verify'>), ...signed }
      break
    case 'close':
    case 'withdraw':
      ncr.ended = {
        kind: kind === 'close' ? 'closed' : 'withdrawn',
        ...signed,
        reason: String(data['reason']),
      }
      break
    case 'reopen':
      ncr.ended = null
      ncr.verification = null
      break
    default:
      kind satisfies never
  }
}

function wordsOf(ncr: Ncr, kind: NcrStepKind, data: Record<string, unknown>): string {
  const said = (key: string): string => (typeof data[key] === 'string' ? data[key] : '')
  switch (kind) {
    case 'open':
      return said('title')
    case 'cause':
      return (data['whys'] as string[]).at(-1) ?? ''
    case 'act':
      return `${said('text')} (${said('owner')}, ${said('due')})`
    case 'done':
    case 'drop': {
      const action = ncr.actions.find((a) => a.id === data['action'])
      return `${action?.text ?? ''}: ${said('note')}`
    }
    case 'contain':
      return said('note')
    default:
      return said('reason')
  }
}
