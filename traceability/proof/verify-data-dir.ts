import { accessSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, errorText, type I18n } from '../../contracts/index.ts'
import { parseCheckpointText, TileTree, type VerifierKey } from '../log/index.ts'
import { openToRead } from '../store/open-to-read.ts'
import { pagesThatBroke, unreadableEvents } from './damaged-pages.ts'
import { checkFacts } from './fact-check.ts'
import { EventRows } from './event-rows.ts'
import { about, plain, WORDS } from './finding-words.ts'
import { explain } from './explain.ts'
import { keepFewPages } from './few-pages.ts'
import { Pieces } from './range-pool.ts'
import { checkGateFailures } from './gate-check.ts'
import { type Head, type Heads, readHeads, trustOf } from './heads.ts'
import { checkImages } from './image-check.ts'
import { checkImageClasses } from './image-class.ts'
import { keptTimeStamps } from './kept-proofs.ts'
import { LIMITS } from './limits.ts'
import { LinkCheck } from './link-check.ts'
import { logDir } from './log-key.ts'
import { checkNames } from './name-check.ts'
import { oddNumbers } from './odd-numbers.ts'
import { Findings, type VerifyReport } from './report.ts'
import { checkSchema } from './schema-finding.ts'
import { findSignedLeaves } from './signed-leaves.ts'

export interface VerifyOptions {
  /** Keys noted elsewhere, of the log and of witnesses; none = those that lie in the data. */
  keys?: readonly VerifierKey[]
  /** Checkpoints kept elsewhere: by a witness, an anchor, on paper. */
  checkpoints?: readonly { from: string; note: string }[]
  /** DER certificates of time-stamp authorities. */
  tsaCertificates?: readonly Uint8Array[]
  images?: boolean
  onProgress?: (task: string, done: number, total: number) => void
}

/**
 * Checks a data directory against what was signed, offline and without changing anything: every event, the tree, every
 * kept checkpoint and cosignature, sequences, records, images, and the schema of the database.
 *
 * @throws CFG_DATA_DIR when there is no log; TRC_OPEN when the database cannot be opened, or read for another reason than
 *   damaged pages
 */
export async function verifyDataDir(dataDir: string, o: VerifyOptions = {}): Promise<VerifyReport> {
  const file = join(dataDir, 'trace.db')
  try {
    accessSync(file)
  } catch (error) {
    throw asCoded(error, 'CFG_DATA_DIR', { file: dataDir, expected: 'a data directory of a line' })
  }
  const findings = new Findings()
  const trust = trustOf(dataDir, o.keys ?? [])
  const heads = readHeads(dataDir, o.checkpoints ?? [], trust, findings)
  const db = keepFewPages(openToRead(file))
  let pieces: Pieces | null = null
  try {
    const absent = checkSchema(db, findings)
    // A line may go on meanwhile: what is compared is of one moment, and not before the checkpoints that were read.
    db.exec('begin')
    pieces = new Pieces(db, file, { absent })
    const damaged = pieces.damagedPages()
    // Heard of when the pieces are through.
    damaged.catch(() => undefined)
    const total = db.get<{ size: number }>('select size from log_tree where id = 1')?.size ?? 0
    const signed = findSignedLeaves(logDir(dataDir), db, heads.list, findings)
    const rows = new EventRows(db, findings, signed)
    // Only tiles that lead to every signed head say of a single event whether it is the one that was signed.
    const proven = signed.source === 'tiles' && signed.failed === null ? signed.size : 0
    const links = new LinkCheck(db, findings)
    for await (const piece of pieces.check({ dir: logDir(dataDir), size: proven })) {
      rows.add(piece)
      if (piece.links !== null) links.add(piece.links)
      o.onProgress?.('events', rows.count, total)
    }
    const told = rows.asSigned ? { differences: 0, cut: null } : explain(signed, rows.leaves(), db, findings)
    for (const said of await damaged) findings.add('damaged', plain(said))
    rows.finish()
    tellFailed(signed.failed, heads.list, rows.count, findings)
    const explained = told.differences > 0 || told.cut !== null
    const limits: I18n[] = [LIMITS.notInLog]
    // Where events are altered or moved, every row that names their places would be told besides.
    if (explained || signed.failed !== null || rows.sequenceBreaks.length > 0) limits.push(LIMITS.noTables)
    // A store of before version 3 that no line has opened since has no facts, and links without ends.
    else if (db.get(`select 1 as found from pragma_table_info('trace_fact')`) !== undefined) {
      checkFacts(db, findings)
      if (links.stated) {
        links.finish()
        // What is altered there would be told once more by each row that goes with it.
        if (findings.list.some(({ kind }) => kind !== 'schema')) limits.push(LIMITS.noNames)
        else if (!checkNames(db, { lots: links.lots, units: rows.units }, findings))
          limits.push(LIMITS.oldTriggers)
      } else limits.push(LIMITS.oldLinks)
    } else limits.push(LIMITS.oldTables)
    checkImageClasses(db, findings)
    if (!explained) checkGateFailures(db, findings)
    findings.addAll(rows.sequenceBreaks.filter((b) => !explained || (b.position ?? 0) > signed.size))
    if (signed.source === 'tiles' && signed.failed === null)
      checkUpperTiles(logDir(dataDir), heads.list.at(-1), findings)
    // Images are many and take long: the line is not to keep all its changes beside the file for so long.
    db.exec('rollback')
    const timestamped = await checkTimeStamps(dataDir, heads, o.tsaCertificates ?? [], findings)
    const images =
      o.images === false
        ? { checked: 0, deletedByRetention: 0 }
        : await checkImages(db, dataDir, rows.images, findings, (d, t) => o.onProgress?.('images', d, t))
    if (trust.own) limits.push(LIMITS.ownKeys)
    const cosignedSize = Math.max(0, ...heads.cosigned.map((c) => c.size))
    if (heads.cosigned.length === 0) limits.push(LIMITS.noWitness)
    else if (cosignedSize < rows.count) limits.push(LIMITS.afterWitness)
    if (signed.size < rows.count) limits.push(LIMITS.unsigned)
    if (o.images === false) limits.push(LIMITS.noImages)
    if (timestamped.some((t) => !t.trusted)) limits.push(LIMITS.tsaUntrusted)
    return {
      state: findings.list.length > 0 ? 'altered' : signed.size > 0 ? 'intact' : 'unproven',
      origin: heads.origin,
      events: rows.count,
      signed: signed.size,
      checkpoints: heads.checkpoints,
      cosigned: heads.cosigned,
      timestamped,
      records: rows.records,
      images,
      findings: findings.list,
      more: findings.more,
      limits,
    }
  } catch (error) {
    // One cell or page that nobody can read must not hide that the data were altered.
    const odd = oddNumbers(db)
    const damaged = odd.length > 0 ? odd : pagesThatBroke(db).map(plain)
    if (damaged.length === 0) throw error
    for (const said of damaged) findings.add('damaged', said)
    for (const { position, detail } of unreadableEvents(db)) findings.add('damaged', detail, { position })
    return {
      state: 'altered',
      origin: heads.origin,
      events: 0,
      signed: 0,
      checkpoints: heads.checkpoints,
      cosigned: heads.cosigned,
      timestamped: [],
      records: 0,
      images: { checked: 0, deletedByRetention: 0 },
      findings: findings.list,
      more: findings.more,
      limits: [LIMITS.brokenOff],
    }
  } finally {
    await pieces?.close()
    db.close()
  }
}

/** A checkpoint to which no leaves lead that are left: the log is too short, or changed with all its copies. */
function tellFailed(failed: Head | null, heads: readonly Head[], count: number, findings: Findings): void {
  if (failed === null) return
  const last = heads.at(-1) ?? failed
  if (last.size > count)
    findings.add('cut', WORDS.shorter(last.size, last.from, count), { position: count + 1 })
  if (failed.size > count) return
  const before = heads.filter((h) => h.size < failed.size).at(-1)
  const from = (before?.size ?? 0) + 1
  findings.add('diverged', WORDS.divergedWithin(from, failed.size, failed.from), { position: from })
}

/** Tiles above the leaves, from which proofs are made. */
function checkUpperTiles(dir: string, head: Head | undefined, findings: Findings): void {
  if (head === undefined) return
  try {
    if (!new TileTree(dir, head.size).root().equals(head.root))
      findings.add('tile', WORDS.upperTiles(head.size))
  } catch (error) {
    findings.add('tile', errorText(asCoded(error, 'TRC_PROOF')))
  }
}

async function checkTimeStamps(
  dataDir: string,
  heads: Heads,
  certificates: readonly Uint8Array[],
  findings: Findings,
): Promise<VerifyReport['timestamped']> {
  const roots = new Map(heads.list.map((h) => [h.size, h.root]))
  const seen = new Map<string, VerifyReport['timestamped'][number]>()
  let line = 0
  for (const kept of keptTimeStamps(dataDir).read()) {
    line += 1
    const from = WORDS.line('timestamps.jsonl', line)
    try {
      const { size, root } = parseCheckpointText(kept?.text ?? '')
      // Loaded when there is one to read.
      const { checkTimeStamp } = await import('./time-stamp.ts')
      const check = await checkTimeStamp(
        Buffer.from(kept?.token ?? '', 'base64'),
        Buffer.from(kept?.text ?? ''),
        certificates,
      )
      if (!check.ok) findings.add('timestamp', about(from, plain(check.reason ?? '')))
      else if (!roots.get(size)?.equals(root))
        findings.add('timestamp', about(from, WORDS.otherStamped(check.time ?? '', size)))
      else
        seen.set(check.authority, {
          authority: check.authority,
          size,
          time: check.time ?? '',
          trusted: check.trusted,
        })
    } catch (error) {
      findings.add('timestamp', about(from, errorText(asCoded(error, 'TRC_NOTE'))))
    }
  }
  return [...seen.values()]
}
