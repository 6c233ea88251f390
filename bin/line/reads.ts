import { createIdentitySource } from '../../camera/index.ts'
import {
  asCoded,
  badgeSchema,
  CodedError,
  type IdentityItem,
  type IdentityRead,
  type IdentitySource,
  type LineSpec,
  monoMs,
  newEvent,
  type PartStore,
  readerLagMs,
  type ReadStray,
  triggerSubject,
  wallTime,
} from '../../contracts/index.ts'
import type { LineState, OperatorPort } from '../../dashboard/index.ts'
import { StationReads, type StrayRead } from '../../traceability/index.ts'
import { log } from '../setup/log.ts'
import { Ration } from './ration.ts'

/** What is read beside the cameras of a line. */
export interface LineReads {
  /** Undefined for a station that gets no reads and passes none on. */
  of(station: string): StationReads | undefined
  health(): LineState['readers']
  close(): Promise<void>
}

/**
 * Starts the readers of the line file and gives their reads to the stations that name them. A reader that is not there
 * is no reason not to start: it is a degraded mode, and the parts that need its reads are held.
 *
 * @throws CFG_INVALID, CFG_PORT_IN_USE, CAM_OPEN
 */
export async function openReads(
  spec: LineSpec,
  store: Pick<PartStore, 'emit'>,
  operators: Pick<OperatorPort, 'signOn'>,
): Promise<LineReads> {
  const { badgePrefix } = spec.operators
  const sources = new Map<string, { source: IdentitySource; stray: number; ration: Ration }>()
  const stations = new Map<string, StationReads>()
  const away = (reader: string): string | null => {
    const health = sources.get(reader)?.source.health()
    return health === undefined || health.state === 'running' ? null : (health.error?.message ?? health.state)
  }
  /** Strays and faults beyond the ration of a reader are counted alone. */
  const tell = (reader: string, say: () => void): void => {
    const from = sources.get(reader)
    const kept = from === undefined ? 0 : from.ration.take(monoMs())
    if (kept === null) return
    if (kept > 0)
      log.warn({ reader, kept }, 'the reader says too much: what was kept back here is counted alone')
    say()
  }
  for (const { id, association, budgetMs } of spec.stations)
    stations.set(
      id,
      new StationReads({
        association,
        budgetMs,
        away,
        lagMs: (reader) => {
          const found = spec.readers.find((r) => r.id === reader)
          return found ? readerLagMs(found) : 0
        },
        stray: (read) => {
          const from = sources.get(read.reader)
          if (from) from.stray += 1
          tell(read.reader, () => tellStray(spec, store, id, read))
        },
      }),
    )
  const fed = new Set(
    spec.stations.flatMap((s) => s.association.flatMap((a) => (a.by === 'fifo' ? a.from : []))),
  )
  for (const station of stations.values())
    for (const section of station.upstream) stations.get(section.from)?.feeds(station, section)

  const noBadge = ({ source, text }: IdentityRead): void => {
    if (text === '') return
    const from = sources.get(source)
    if (from) from.stray += 1
    const { message } = new CodedError('TRC_IDENTITY', {
      expected: `a badge that begins with ${badgePrefix}, as no association names ${source}`,
      actual: `a read of ${text.length} characters`,
    })
    tell(source, () => log.warn({ reader: source, code: 'TRC_IDENTITY' }, message))
  }
  const close = async (): Promise<void> => {
    await Promise.all([...sources.values()].map(({ source }) => source.close()))
  }
  const take = (reader: string, item: IdentityItem): void => {
    if (item.kind === 'fault')
      tell(reader, () => log.warn({ reader, code: item.error.code }, item.error.message))
    else if (badgePrefix !== undefined && item.read.text.startsWith(badgePrefix))
      badge(spec, operators, item.read.source, item.read.text.slice(badgePrefix.length))
    else if (stationsOf(spec, item.read.source).length === 0) noBadge(item.read)
    else for (const station of stations.values()) station.read(item.read)
  }
  try {
    for (const reader of spec.readers) {
      const source = createIdentitySource(reader)
      sources.set(reader.id, { source, stray: 0, ration: new Ration() })
      await source.open((item) => take(reader.id, item))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    of: (id) =>
      fed.has(id) || spec.stations.some((s) => s.id === id && s.association.length > 0)
        ? stations.get(id)
        : undefined,
    health: () =>
      [...sources.values()].map(({ source, stray }) => {
        const { state, reads, refused, error } = source.health()
        return {
          reader: source.id,
          adapter: source.adapter,
          state,
          reads,
          refused,
          stray,
          lastError: error?.message ?? null,
        }
      }),
    close,
  }
}

/** Stations that a reader serves. */
const stationsOf = (spec: LineSpec, reader: string): string[] =>
  spec.stations
    .filter(({ association }) => association.some((a) => a.by !== 'fifo' && a.reader === reader))
    .map(({ id }) => id)

/**
 * A badge that was read is no part's: whoever shows it works at the stations that the reader serves, or at all where it
 * is there for badges alone.
 */
function badge(spec: LineSpec, operators: Pick<OperatorPort, 'signOn'>, reader: string, text: string): void {
  const who = text.trim() === '' ? null : badgeSchema.safeParse(text)
  if (who !== null && !who.success) {
    const { message } = new CodedError('TRC_IDENTITY', {
      expected: who.error.issues[0]?.message ?? 'a badge',
      actual: `a read of ${text.length} characters`,
    })
    return log.warn({ reader, code: 'TRC_IDENTITY' }, message)
  }
  const own = stationsOf(spec, reader)
  for (const id of own.length > 0 ? own : spec.stations.map((s) => s.id))
    operators.signOn(id, who?.data ?? null).catch((error: unknown) => {
      log.error({ reader, station: id, error: asCoded(error, 'TRC_WRITE').message }, 'nobody was signed on')
    })
}

/** A reader that does not read just now. */
export const readerMode = ({
  reader,
  state,
  lastError,
}: LineState['readers'][number]): LineState['degraded'] =>
  state === 'running'
    ? []
    : [
        {
          id: `reader-${reader}`,
          text: {
            en: `Reader ${reader} is away, parts that need its reads are held: ${lastError ?? state}`,
            zh: `读码器 ${reader} 未连接,需要其读码的工件将被扣留:${lastError ?? state}`,
          },
        },
      ]

function tellStray(spec: LineSpec, store: Pick<PartStore, 'emit'>, station: string, read: StrayRead): void {
  const { reader, text, symbologyId, reason, part, message } = read
  const readAt = wallTime(read.atMs)
  log.warn({ station, reader, reason, text }, message)
  const data: ReadStray = { reader, text, symbologyId, readAt, reason, station, ...part, message }
  const event = newEvent({
    type: 'qe.read.stray.v1',
    source: `/plants/${spec.plant}/lines/${spec.line}/stations/${station}`,
    subject: part === null ? `reader/${reader}` : triggerSubject({ station, ...part }),
    partitionkey: spec.line,
    data,
  })
  store.emit(event).catch((error: unknown) => {
    log.error(
      { reader, text, error: asCoded(error, 'TRC_WRITE').message },
      'a stray read could not be stored',
    )
  })
}
