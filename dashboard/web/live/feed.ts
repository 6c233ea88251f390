import { useSyncExternalStore } from 'react'
import { getJson } from '../api/client.ts'
import type { Latency, LineAnswer, LineState, LiveMessages, PartPage, PartRow } from '../api/types.ts'

export type Connection = 'connecting' | 'open' | 'lost'

export interface LiveView {
  connection: Connection
  /** Newest first, per station. */
  parts: ReadonlyMap<string, readonly PartRow[]>
  state: LineState | null
  latency: readonly Latency[]
  /** Log position of the newest event seen here. */
  position: number
  /** Local time of the last message, ms; null before the first. */
  heardAtMs: number | null
  /** How often the connection came back after it was lost or given back. */
  restored: number
}

const KEEP_PARTS = 40
/** The server beats every 5 s. */
const SILENCE_MS = 12_000
const RECONNECT_MS = 1_500
/**
 * A browser has six connections to a server (HTTP/1.1). A tab that nobody sees gives its own back, else the seventh tab
 * would wait for ever. Not the andon page: a screen on the wall counts as hidden when another window covers it.
 */
const HIDDEN_MS = 5_000
/** At most so many redraws a second, however fast the line is. */
const NOTIFY_MS = 100

const onWall = (): boolean => /^\/andon\/?$/i.test(location.pathname)

/** Of this screen, ms: the one that nobody sets stands still while a laptop sleeps, and the other may be set. */
const bothClocks = (): readonly [up: number, wall: number] => [performance.now(), Date.now()]

/**
 * The newest parts of each station, newest first, and the position from which all later ones follow; null = there are none.
 * Among the newest of all there may be none of a station that is slower than others: its own are asked for.
 */
async function newestParts(): Promise<{ parts: Map<string, readonly PartRow[]>; position: number | null }> {
  const page = await getJson<PartPage>(`/api/parts?limit=${2 * KEEP_PARTS}`)
  const parts = new Map<string, readonly PartRow[]>()
  for (const row of page.parts)
    parts.set(row.station, [...(parts.get(row.station) ?? []), row].slice(0, KEEP_PARTS))
  if (page.nextBefore !== null) {
    const { info } = await getJson<LineAnswer>('/api/line')
    const slower = info.stations.filter(({ id }) => (parts.get(id)?.length ?? 0) < KEEP_PARTS)
    await Promise.all(
      slower.map(async ({ id }) => {
        const own = await getJson<PartPage>(
          `/api/parts?station=${encodeURIComponent(id)}&limit=${KEEP_PARTS}`,
        )
        parts.set(id, own.parts)
      }),
    )
  }
  return { parts, position: page.parts[0]?.position ?? null }
}

/** Follows `/api/events` for the whole life of the page and keeps what the live pages show. */
class LiveFeedClient {
  #view: LiveView = {
    connection: 'connecting',
    parts: new Map(),
    state: null,
    latency: [],
    position: 0,
    heardAtMs: null,
    restored: 0,
  }
  readonly #listeners = new Set<() => void>()
  #source: EventSource | null = null
  #position = 0
  /** Of the server that was heard last; null = none was. */
  #startedAt: string | null = null
  #heard = bothClocks()
  #notifying = false
  #reconnecting = false
  #started = false
  #paused = false
  #hiding: ReturnType<typeof setTimeout> | undefined
  #watching: ReturnType<typeof setInterval> | undefined

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#paused = document.hidden && !onWall()
    if (!this.#paused) this.#follow()
    document.addEventListener('visibilitychange', this.#looked)
    this.#watching = setInterval(() => {
      const [up, wall] = bothClocks()
      const silentMs = Math.max(up - this.#heard[0], wall - this.#heard[1])
      if (!this.#paused && silentMs > SILENCE_MS) this.#lost()
    }, 1_000)
  }

  stop(): void {
    clearInterval(this.#watching)
    document.removeEventListener('visibilitychange', this.#looked)
    clearTimeout(this.#hiding)
    if (this.#started) this.#pause()
    this.#started = false
  }

  #looked = (): void => this.#seen(!document.hidden)

  #seen(visible: boolean): void {
    clearTimeout(this.#hiding)
    if (!visible && !onWall()) this.#hiding = setTimeout(() => this.#pause(), HIDDEN_MS)
    else if (this.#paused) {
      this.#paused = false
      this.#follow()
    }
  }

  #pause(): void {
    this.#paused = true
    this.#source?.close()
    this.#source = null
    this.#set({ connection: 'connecting' })
  }

  #follow(): void {
    this.#heard = bothClocks()
    if (this.#position === 0) void this.#begin()
    else this.#connect()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  view = (): LiveView => this.#view

  /**
   * Loads the newest parts, then follows from there: nothing between is missed.
   *
   * @param end position to follow from where there are none
   */
  async #begin(end = 0): Promise<void> {
    try {
      const { parts, position } = await newestParts()
      this.#position = position ?? end
      this.#set({ parts })
      this.#connect()
    } catch {
      this.#lost()
    }
  }

  #connect(): void {
    if (this.#paused) return
    this.#source?.close()
    const source = new EventSource(`/api/events?after=${this.#position}`)
    this.#source = source
    this.#heard = bothClocks()
    // By how much the clocks of line and screen differ is unknown; that the difference grows is the network.
    let leastMs = Infinity
    const on = <K extends keyof LiveMessages>(name: K, take: (data: LiveMessages[K]) => void): void => {
      source.addEventListener(name, (event) => {
        if (source !== this.#source) return
        this.#heard = bothClocks()
        if (event.lastEventId) this.#position = Math.max(this.#position, Number(event.lastEventId))
        take(JSON.parse(String(event.data)) as LiveMessages[K])
      })
    }
    on('part', (row) => this.#take(row))
    on('state', ({ state, latency, startedAt }) => {
      const other = this.#startedAt !== null && this.#startedAt !== startedAt
      this.#startedAt = startedAt
      if (!other) return this.#set({ state, latency, connection: 'open', heardAtMs: Date.now() })
      // Its log may be another one, too, so that positions and parts of the one before say nothing of it.
      this.#behind()
    })
    on('beat', ({ at, position }) => {
      const agoMs = performance.now() - Date.parse(at)
      leastMs = Math.min(leastMs, agoMs)
      // What a slow network holds back comes without a pause, and ever later.
      if (agoMs - leastMs > SILENCE_MS) this.#behind()
      else this.#set({ position, connection: 'open', heardAtMs: Date.now() })
    })
    on('gap', ({ to }) => {
      source.close()
      this.#position = 0
      void this.#begin(to)
    })
    on('event', () => {})
    on('bye', () => this.#lost())
    source.onerror = () => {
      if (source === this.#source) this.#lost()
    }
  }

  #take(row: PartRow): void {
    const parts = new Map(this.#view.parts)
    const own = parts.get(row.station) ?? []
    if (own.some((p) => p.inspectionId === row.inspectionId)) return
    parts.set(row.station, [row, ...own].slice(0, KEEP_PARTS))
    this.#set({ parts, position: this.#position, connection: 'open', heardAtMs: Date.now() })
  }

  #lost(): void {
    if (this.#paused) return
    this.#source?.close()
    this.#source = null
    this.#heard = bothClocks()
    this.#set({ connection: 'lost' })
    if (this.#reconnecting) return
    this.#reconnecting = true
    setTimeout(() => {
      this.#reconnecting = false
      if (!this.#paused) this.#follow()
    }, RECONNECT_MS)
  }

  /** What is on its way is older than what the server has to say now, which is asked for anew. */
  #behind(): void {
    this.#position = 0
    this.#lost()
  }

  #set(change: Partial<LiveView>): void {
    const { connection, heardAtMs, restored } = this.#view
    const back = change.connection === 'open' && connection !== 'open' && heardAtMs !== null
    this.#view = { ...this.#view, ...change, restored: restored + Number(back) }
    if (this.#notifying) return
    this.#notifying = true
    setTimeout(() => {
      this.#notifying = false
      for (const listener of this.#listeners) listener()
    }, NOTIFY_MS)
  }
}

export const liveFeed = new LiveFeedClient()

export const useRestored = (): number =>
  useSyncExternalStore(liveFeed.subscribe, () => liveFeed.view().restored)

export const useLive = (): LiveView => useSyncExternalStore(liveFeed.subscribe, liveFeed.view)
