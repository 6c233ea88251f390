import type { SqlDatabase } from '../../contracts/index.ts'
import {
  checkNote,
  checkpointNote,
  cosignersOf,
  inclusionProof,
  leafHash,
  parseCheckpoint,
  type SignedCheckpoint,
  TileTree,
  type VerifierKey,
  verifyInclusion,
} from '../log/index.ts'
import { keptCheckpoints } from './kept-proofs.ts'
import { logDir, readLogKey, readWitnessKeys } from './log-key.ts'

/** How far the events of a part are proven. */
export interface PartProof {
  /** The checkpoint that covers most of them: of several the one that more witnesses cosigned, then the newest. */
  checkpoint: {
    origin: string
    size: number
    /** Of the tree, base64. */
    root: string
    /** Verifier key by which its signature was checked. */
    key: string
    note: string
  } | null
  cosigned: { witness: string; time: string }[]
  events: {
    position: number
    json: string
    /** base64 */
    leafHash: string
    /** Audit path, bottom first, base64; null while the event is behind the last checkpoint. */
    proof: string[] | null
    /** Whether the path leads from the event to the root. */
    proven: boolean
  }[]
}

/**
 * The inclusion proofs of events of a data directory, made from its tiles.
 *
 * @throws TRC_PROOF when the tiles do not hold the checkpoint's tree; TRC_KEY, TRC_NOTE
 */
export function provePart(dataDir: string, db: SqlDatabase, positions: readonly number[]): PartProof {
  const last = Math.max(0, ...positions)
  const witnesses = readWitnessKeys(dataDir)
  const key = readLogKey(dataDir)
  const checkpoint = key && bestCheckpoint(dataDir, last, key)
  const tree = new TileTree(logDir(dataDir), checkpoint?.size ?? 0)
  return {
    checkpoint: key &&
      checkpoint && {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root.toString('base64'),
        key: key.vkey,
        note: checkpointNote(checkpoint),
      },
    cosigned: (checkpoint === null ? [] : cosignersOf(checkpoint, witnesses).valid).map(({ name, time }) => ({
      witness: name,
      time: new Date(time * 1_000).toISOString(),
    })),
    events: [...positions]
      .sort((a, b) => a - b)
      .flatMap((position): PartProof['events'] => {
        const row = db.get<{ json: string }>('select json from event where position = ?', position)
        if (row === undefined) return []
        const leaf = leafHash(row.json)
        const event = { position, json: row.json, leafHash: leaf.toString('base64') }
        if (checkpoint === null || position > checkpoint.size)
          return [{ ...event, proof: null, proven: false }]
        const path = inclusionProof(tree, position - 1, checkpoint.size)
        return [
          {
            ...event,
            proof: path.map((hash) => hash.toString('base64')),
            proven: verifyInclusion(position - 1, checkpoint.size, leaf, path, checkpoint.root),
          },
        ]
      }),
  }
}

function bestCheckpoint(dataDir: string, last: number, key: VerifierKey): SignedCheckpoint | null {
  const witnesses = readWitnessKeys(dataDir)
  let best: { checkpoint: SignedCheckpoint; covers: number; cosigners: number } | null = null
  for (const kept of keptCheckpoints(dataDir).read()) {
    const checkpoint = readable(kept?.note)
    if (checkpoint === null) continue
    // Checking signatures is the slow part; a checkpoint that covers less than the best one needs none.
    const covers = Math.min(checkpoint.size, last)
    if (best !== null && covers < best.covers) continue
    if (checkNote(checkpoint.note, key).state !== 'valid') continue
    const cosigners = cosignersOf(checkpoint, witnesses).valid.length
    if (best === null || covers > best.covers || cosigners >= best.cosigners)
      best = { checkpoint, covers, cosigners }
  }
  return best?.checkpoint ?? null
}

/** A line that was damaged proves nothing, and keeps no other from it; `verify` names it. */
function readable(note: unknown): SignedCheckpoint | null {
  try {
    return typeof note === 'string' ? parseCheckpoint(note) : null
  } catch {
    return null
  }
}
