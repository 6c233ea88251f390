import { createHash } from 'node:crypto'
import type { ScoredPart, WatchSpec } from '../../contracts/index.ts'

/**
 * Why a part is shown to a person. `audit`: random sample of the passed parts, the only one the escape estimate is made
 * of. `background`: random sample of all judged parts. `grey`: it could not be told good or bad and is held, every one of
 * them. `band`: passed close to the decision, at a limited rate. `asked`: somebody opened it.
 */
export const SAMPLES = ['audit', 'background', 'grey', 'band', 'asked'] as const
export type Sample = (typeof SAMPLES)[number]

/**
 * Strata of the passed parts: `early` before the reference was complete; `unusual` when a score lies in the outer 5 %
 * of what passed parts had in the reference; else `usual`.
 */
export type StratumName = 'early' | 'usual' | 'unusual'

/** What the rate limit of a station remembers. */
export interface BandState {
  /** Time of the last pick, ms; 0 = none. */
  lastMs: number
  /** Hour the count is of, and the picks in it. */
  hour: number
  picks: number
}

/**
 * A number in [0, 1) that seed, purpose and part decide and nothing else: the same part is picked again after a
 * restart, and nobody can steer it by the order of parts. First 48 bits of SHA-256.
 */
const draw = (seed: number, purpose: string, inspectionId: string): number =>
  createHash('sha256').update(`${seed}/${purpose}/${inspectionId}`).digest().readUIntBE(0, 6) / 2 ** 48

export function samplesOf(
  part: ScoredPart,
  stratum: StratumName | null,
  band: BandState,
  spec: WatchSpec,
): { samples: Sample[]; band: BandState } {
  const samples: Sample[] = []
  if (part.result === 'inconclusive') samples.push('grey')
  // there is nothing the machine said that a sample could check
  if (part.unjudged) return { samples, band }
  const rate = stratum === 'unusual' ? spec.auditUnusualRate : spec.auditRate
  if (part.result === 'pass' && draw(spec.seed, 'audit', part.inspectionId) < rate) samples.push('audit')
  if (draw(spec.seed, 'background', part.inspectionId) < spec.backgroundRate) samples.push('background')
  if (part.result !== 'pass' || stratum !== 'unusual') return { samples, band }
  const atMs = Date.parse(part.at)
  const hour = Math.floor(atMs / 3_600_000)
  const picks = band.hour === hour ? band.picks : 0
  // A clock that was set back must not end the sampling.
  const waited = atMs < band.lastMs || atMs - band.lastMs >= spec.bandEveryS * 1_000
  if (!waited || picks >= spec.bandPerHour) return { samples, band }
  return { samples: [...samples, 'band'], band: { lastMs: atMs, hour, picks: picks + 1 } }
}
