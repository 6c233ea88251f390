import { join } from 'node:path'
import { openSql } from '../store/open-sql.ts'
import { makeBundle, proofOfPart } from './bundle.ts'
import { type PartProof, provePart } from './part-proof.ts'

/** Questions to the proof of a log, which read tiles and check signatures: not for a thread with deadlines. */
export interface ProofQuestions {
  /** Null when nobody knows the part. @throws TRC_PROOF, TRC_KEY, TRC_NOTE; TRC_BUNDLE with more than 5,000 events */
  partProof(serial: string): Promise<PartProof | null>
  /** Of the event at a position of the log; no events when there is none. @throws TRC_PROOF, TRC_KEY, TRC_NOTE */
  eventProof(position: number): PartProof
  /**
   * The evidence bundle of a part, as JSON.
   *
   * @param keyFile of the log, for the signed list; null = the one in the data directory
   * @throws TRC_NOT_FOUND; TRC_PROOF before the log was first signed; TRC_KEY; TRC_BUNDLE with more than
   *   5,000 events, or images of more than 64 MB
   */
  partBundle(serial: string, keyFile: string | null): Promise<string>
}

/** The answer crosses the thread of the gate as one text. */
const [MAX_IMAGE_BYTES, MAX_EVENTS] = [64_000_000, 5_000]

export const proofQuestions = (dataDir: string): ProofQuestions => ({
  partProof: (serial) => proofOfPart(dataDir, serial, MAX_EVENTS),
  eventProof(position) {
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    try {
      return provePart(dataDir, db, [position])
    } finally {
      db.close()
    }
  },
  partBundle: async (serial, keyFile) =>
    JSON.stringify(
      await makeBundle(dataDir, serial, keyFile, { imageBytes: MAX_IMAGE_BYTES, events: MAX_EVENTS }),
      null,
      1,
    ),
})
