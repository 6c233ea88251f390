import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, errorText, type I18n } from '../../contracts/index.ts'
import { fileError } from '../store/sqlite-errors.ts'
import {
  checkNote,
  CompactRange,
  cosignersOf,
  NOTE_TYPE,
  parseCheckpoint,
  type VerifierKey,
} from '../log/index.ts'
import { about, plain, WORDS } from './finding-words.ts'
import { keptCheckpoints } from './kept-proofs.ts'
import { logDir, readLogKey, readWitnessKeys } from './log-key.ts'
import { SET_ASIDE } from './published-checkpoint.ts'
import type { Findings, VerifyReport } from './report.ts'

/** A tree head that a good signature vouches for. */
export interface Head {
  size: number
  root: Buffer
  /** Where it was kept. */
  from: I18n
}

export interface Trust {
  log: VerifierKey[]
  witnesses: VerifierKey[]
  /** The keys came from the data that is checked. */
  own: boolean
}

/** The keys to check by: those given, else the ones that lie beside the log. */
export function trustOf(dataDir: string | null, given: readonly VerifierKey[]): Trust {
  const log = given.filter((k) => k.type === NOTE_TYPE.ed25519)
  const witnesses = given.filter((k) => k.type === NOTE_TYPE.cosignature)
  const own = log.length === 0 && dataDir !== null ? readLogKey(dataDir) : null
  const beside = witnesses.length === 0 && dataDir !== null ? readWitnessKeys(dataDir) : []
  return { log: own === null ? log : [own], witnesses: [...witnesses, ...beside], own: own !== null }
}

export interface Heads {
  /** By size, one per size, sizes above 0. */
  list: Head[]
  origin: string | null
  /** Checkpoint texts with a good signature. */
  checkpoints: number
  cosigned: VerifyReport['cosigned']
}

/** Reads every kept checkpoint and those from elsewhere; what is wrong with one becomes a finding. */
export function readHeads(
  dataDir: string,
  elsewhere: readonly { from: string; note: string }[],
  trust: Trust,
  findings: Findings,
): Heads {
  const bySize = new Map<number, Head>()
  const cosigned = new Map<string, VerifyReport['cosigned'][number]>()
  let origin: string | null = trust.log[0]?.name ?? null
  let checkpoints = 0
  let previous = ''
  const take = (note: string, from: I18n): number => {
    try {
      const c = parseCheckpoint(note)
      const checks = trust.log.map((key) => checkNote(c.note, key).state)
      const witnessed = cosignersOf(c, trust.witnesses)
      for (const name of witnessed.invalid)
        findings.add('cosignature', about(from, WORDS.wrongCosignature(name, c.size)))
      if (!checks.includes('valid')) {
        findings.add('checkpoint', about(from, WORDS.unsignedHead(c.size, trust.log, c.origin)))
        return -1
      }
      origin ??= c.origin
      for (const { name, time } of witnessed.valid)
        if ((cosigned.get(name)?.size ?? -1) <= c.size)
          cosigned.set(name, { witness: name, size: c.size, time: new Date(time * 1_000).toISOString() })
      if (c.note.text !== previous) checkpoints += 1
      previous = c.note.text
      const known =
        bySize.get(c.size) ?? (c.size === 0 ? { size: 0, root: new CompactRange().root(), from } : undefined)
      if (known !== undefined && !known.root.equals(c.root))
        findings.add('checkpoint', WORDS.twoLogs(c.size, known.from, from))
      else if (known === undefined) bySize.set(c.size, { size: c.size, root: c.root, from })
      return c.size
    } catch (error) {
      findings.add('checkpoint', about(from, errorText(asCoded(error, 'TRC_NOTE'))))
      return -1
    }
  }
  // Before the lines: a running line writes the line first and then the file.
  const published = readNotes(logDir(dataDir))
  let line = 0
  let largest = 0
  let before = 0
  for (const kept of keptCheckpoints(dataDir).read()) {
    line += 1
    const from = WORDS.line('checkpoints.jsonl', line)
    if (typeof kept?.note !== 'string') findings.add('checkpoint', about(from, WORDS.unreadableLine))
    else {
      const size = take(kept.note, from)
      if (size >= 0 && size < largest) findings.add('checkpoint', about(from, WORDS.backwards(size, largest)))
      if (size > largest) [before, largest] = [largest, size]
    }
  }
  // A crash may leave the first line without its file.
  if (line > 1 && !published.some(({ name }) => name === 'checkpoint'))
    findings.add('checkpoint', about(plain('checkpoint'), WORDS.noCheckpointFile(line)))
  for (const { name, note } of published) {
    const aside = name !== 'checkpoint'
    const size = take(note, aside ? WORDS.inItsPlace(name) : plain(name))
    if (size > largest) findings.add('checkpoint', about(plain(name), WORDS.beyondLines(size, largest)))
    else if (size >= 0 && !aside && size < before && isBehind(dataDir, before))
      findings.add('checkpoint', about(plain(name), WORDS.older(size, largest)))
    else if (size >= 0 && aside) findings.add('checkpoint', about(plain(name), WORDS.olderInItsPlace))
  }
  for (const { note, from } of elsewhere) take(note, plain(from))
  return {
    list: [...bySize.values()].sort((a, b) => a.size - b.size),
    origin,
    checkpoints,
    cosigned: [...cosigned.values()],
  }
}

/** Whether the file is still over less: a running line may have signed on since it was read first. */
function isBehind(dataDir: string, size: number): boolean {
  const note = readNotes(logDir(dataDir)).find(({ name }) => name === 'checkpoint')?.note
  try {
    return note !== undefined && parseCheckpoint(note).size < size
  } catch {
    // Damaged since: the next look tells it.
    return false
  }
}

/**
 * The file `checkpoint`, and what the line found in its place and kept; a folder there is an empty note.
 *
 * @throws TRC_OPEN when one of them cannot be read
 */
function readNotes(dir: string, again = true): { name: string; note: string }[] {
  const names = existsSync(dir) ? readdirSync(dir).sort() : []
  const notes: { name: string; note: string }[] = []
  for (const name of names.filter((n) => n === 'checkpoint' || n.startsWith(SET_ASIDE)))
    try {
      notes.push({ name, note: readFileSync(join(dir, name), 'utf8') })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // A running line put it aside meanwhile.
      if (code === 'ENOENT' && again) return readNotes(dir, false)
      if (code !== 'EISDIR') throw fileError(error, 'TRC_OPEN', join(dir, name))
      notes.push({ name, note: '' })
    }
  return notes
}

/**
 * How far a sequence of leaves is the one under the heads.
 *
 * @returns size of the last head that agrees before one does not, the state of its tree, and the one that does not
 */
export function agreement(
  leaves: Iterable<Uint8Array>,
  heads: readonly Head[],
): { size: number; nodes: Uint8Array; failed: Head | null } {
  const tree = new CompactRange()
  let next = 0
  let size = 0
  let nodes = tree.nodes()
  for (const leaf of leaves) {
    const head = heads[next]
    if (head === undefined) break
    tree.append(leaf)
    if (tree.size < head.size) continue
    if (!tree.root().equals(head.root)) return { size, nodes, failed: head }
    size = head.size
    nodes = tree.nodes()
    next += 1
  }
  return { size, nodes, failed: heads[next] ?? null }
}
