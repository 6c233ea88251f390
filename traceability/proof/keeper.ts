import type { ProofSpec, SqlDatabase } from '../../contracts/index.ts'
import { asCoded, toFact } from '../../contracts/thread.ts'
import {
  checkpointNote,
  cosignersOf,
  type NoteSigner,
  parseCheckpoint,
  parseVerifierKey,
  type SignedCheckpoint,
} from '../log/index.ts'
import { type Anchor, FileAnchor, WebhookAnchor } from './anchor.ts'
import { type KeptCheckpoint, keptCheckpoints, keptTimeStamps } from './kept-proofs.ts'
import { rememberWitnesses } from './log-key.ts'
import { LogWriter } from './log-writer.ts'
import type { ProofState } from './proof-state.ts'
import { cosignAt } from './witness-client.ts'

export interface KeeperOptions {
  db: SqlDatabase
  dataDir: string
  signer: NoteSigner
  spec: ProofSpec
  onState: (state: ProofState) => void
}

/** Pauses after a helper did not answer: doubled each time, ms. */
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 60_000
const HELPER_TIMEOUT_MS = 10_000
/** What a stop allows for catching up, and then for all helpers together, ms. */
const STOP_CATCH_UP_MS = 5_000
const STOP_HELPERS_MS = 2_000
/** Of `checkpoints.jsonl`, what is looked through for the last cosignature of each witness: some ten thousand lines. */
const LOOK_BACK_BYTES = 4 << 20

/** Something outside that takes the newest checkpoint. */
interface Helper {
  name: string
  /** Shortest time between two checkpoints for it, ms. */
  everyMs: number
  take(checkpoint: SignedCheckpoint, signal: AbortSignal): Promise<void>
  doneSize: number
  /** `performance.now()`, as `retryAtMs`. */
  doneAtMs: number
  failures: number
  retryAtMs: number
  reason: string | null
}

/** Signs checkpoints when it is time, and has them cosigned, stamped and anchored. What fails there is tried again. */
export class ProofKeeper {
  readonly #o: KeeperOptions
  readonly #writer: LogWriter
  readonly #helpers: Helper[]
  readonly #abort = new AbortController()
  readonly #cosigned = new Map<string, { size: number; at: string }>()
  /** By a clock that nobody sets, and for people. */
  #signedMs = -Infinity
  #signedAt: string | null = null
  #fault: ProofState['fault'] = null
  #setAside: ProofState['setAside'] = null
  #forgot: ProofState['forgot'] = null

  /** @throws TRC_PROOF, TRC_NOTE, TRC_KEY */
  constructor(o: KeeperOptions) {
    this.#o = o
    this.#writer = new LogWriter({
      ...o,
      entries: o.spec.entries,
      onSetAside: (why) => (this.#setAside = toFact(why)),
    })
    this.#helpers = this.#makeHelpers(o.spec)
    rememberWitnesses(
      o.dataDir,
      o.spec.witnesses.map((w) => parseVerifierKey(w.key)),
    )
    this.#learnCosigned()
  }

  /** One look at the log: signs when enough events or time have gone by, then serves who is due. */
  async step(): Promise<void> {
    const { everyEvents, everyMs } = this.#o.spec
    const fresh = this.#events() - (this.#writer.last?.size ?? 0)
    const due = fresh >= everyEvents || (fresh !== 0 && performance.now() - this.#signedMs >= everyMs)
    if (due && this.#fault === null) await this.#sign()
    await this.#serve(false)
    this.#tell()
  }

  /** The last checkpoint, with a short try at every helper. */
  async finish(): Promise<void> {
    const end = performance.now() + STOP_CATCH_UP_MS
    if (this.#fault === null) await this.#sign(() => performance.now() > end)
    const timer = setTimeout(() => this.#abort.abort(), STOP_HELPERS_MS)
    await this.#serve(true)
    clearTimeout(timer)
    this.#tell()
  }

  #events(): number {
    try {
      return this.#writer.events()
    } catch (error) {
      this.#fault ??= toFact(asCoded(error, 'TRC_PROOF'))
      return this.#writer.last?.size ?? 0
    }
  }

  async #sign(until?: () => boolean): Promise<void> {
    try {
      if ((await this.#writer.sign(until)) !== null)
        [this.#signedMs, this.#signedAt] = [performance.now(), new Date().toISOString()]
    } catch (error) {
      const coded = asCoded(error, 'TRC_WRITE')
      // A full disk or a locked file may pass; a disagreement does not.
      if (coded.code === 'TRC_PROOF' || coded.code === 'TRC_NOTE') this.#fault = toFact(coded)
      else throw coded
    }
  }

  async #serve(now: boolean): Promise<void> {
    for (const helper of this.#helpers) {
      const checkpoint = this.#writer.last
      if (checkpoint === null || helper.doneSize >= checkpoint.size) continue
      const at = performance.now()
      if (!now && (at < helper.retryAtMs || at - helper.doneAtMs < helper.everyMs)) continue
      try {
        await helper.take(checkpoint, this.#abort.signal)
        Object.assign(helper, { doneSize: checkpoint.size, doneAtMs: at, failures: 0, reason: null })
      } catch (error) {
        const coded = asCoded(error, 'TRC_WITNESS')
        if (coded.code === 'TRC_PROOF') this.#fault ??= toFact(coded)
        helper.reason = coded.message
        helper.retryAtMs = performance.now() + Math.min(RETRY_FIRST_MS * 2 ** helper.failures, RETRY_MAX_MS)
        helper.failures += 1
      }
    }
  }

  #makeHelpers(spec: ProofSpec): Helper[] {
    const helper = (name: string, everyMs: number, take: Helper['take']): Helper => ({
      name,
      everyMs,
      take,
      doneSize: 0,
      doneAtMs: -Infinity,
      failures: 0,
      retryAtMs: 0,
      reason: null,
    })
    const witnesses = spec.witnesses.map(({ url, key }) => {
      const witness = { url, key: parseVerifierKey(key) }
      return helper(`witness ${witness.key.name}`, 0, async (checkpoint, signal) => {
        const old = this.#cosigned.get(witness.key.name)?.size ?? 0
        const { cosigned, forgot } = await cosignAt(witness, checkpoint, old, this.#writer.tree(), {
          timeoutMs: HELPER_TIMEOUT_MS,
          signal,
        })
        if (forgot !== null) this.#forgot = toFact(forgot)
        this.#writer.keep(cosigned)
        this.#learn(cosigned)
      })
    })
    const { timestamp, anchors } = spec
    const stamps = (timestamp === undefined ? [] : [timestamp]).map(({ url, everyMs }) =>
      helper(`time-stamp ${url}`, everyMs, async (checkpoint, signal) => {
        const { text } = checkpoint.note
        const { requestTimeStamp } = await import('./time-stamp.ts')
        const token = await requestTimeStamp(url, Buffer.from(text), { timeoutMs: HELPER_TIMEOUT_MS, signal })
        keptTimeStamps(this.#o.dataDir).append({
          at: new Date().toISOString(),
          text,
          token: token.toString('base64'),
        })
      }),
    )
    const ports: Anchor[] = anchors.map((a) =>
      'file' in a ? new FileAnchor(a.file) : new WebhookAnchor(a.url),
    )
    const anchored = ports.map((port, i) =>
      helper(`anchor ${port.name}`, anchors[i]?.everyMs ?? 0, (checkpoint, signal) =>
        port.put(checkpointNote(checkpoint), signal),
      ),
    )
    return [...witnesses, ...stamps, ...anchored]
  }

  /** What each witness cosigned last, perhaps many checkpoints ago: only then can it be told that it forgot. */
  #learnCosigned(): void {
    const size = this.#writer.last?.size ?? 0
    const waited = new Set(this.#o.spec.witnesses.map((w) => parseVerifierKey(w.key).name))
    for (const kept of keptCheckpoints(this.#o.dataDir).newest(LOOK_BACK_BYTES)) {
      if (this.#cosigned.size === waited.size) return
      const checkpoint = readable(kept)
      // Of this log, and no longer than it is.
      if (checkpoint !== null && checkpoint.origin === this.#o.signer.key.name && checkpoint.size <= size)
        this.#learn(checkpoint)
    }
  }

  #learn(checkpoint: SignedCheckpoint): void {
    const keys = this.#o.spec.witnesses.map((w) => parseVerifierKey(w.key))
    for (const { name, time } of cosignersOf(checkpoint, keys).valid)
      if (checkpoint.size >= (this.#cosigned.get(name)?.size ?? 0))
        this.#cosigned.set(name, { size: checkpoint.size, at: new Date(time * 1_000).toISOString() })
  }

  #tell(): void {
    const { key } = this.#o.signer
    this.#o.onState({
      origin: key.name,
      vkey: key.vkey,
      size: this.#writer.last?.size ?? 0,
      signedAt: this.#signedAt,
      cosigned: [...this.#cosigned].map(([witness, c]) => ({ witness, ...c })),
      fault: this.#fault,
      clock: this.#writer.clock,
      setAside: this.#setAside,
      forgot: this.#forgot,
      unreachable: this.#helpers.flatMap(({ name, reason }) => (reason === null ? [] : [{ name, reason }])),
    })
  }
}

function readable(kept: KeptCheckpoint | null): SignedCheckpoint | null {
  try {
    return kept === null ? null : parseCheckpoint(kept.note)
  } catch {
    return null
  }
}
