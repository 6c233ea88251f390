import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  uuidv5,
  type EventLog,
  type InspectionCompleted,
  type LoggedEvent,
  type OpenSql,
  type QEvent,
  type SqlDatabase,
  type UnitDisposition,
  type VerdictReviewed,
} from '../../contracts/index.ts'

const NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'
const HASH = '0'.repeat(64)

/** An event log in memory: positions from 1, sequence per source, as the store gives them. */
export class MemoryLog implements EventLog {
  readonly #events: LoggedEvent[] = []
  readonly #sequences = new Map<string, number>()
  readonly #listeners = new Set<() => void>()

  append(events: readonly QEvent[]): this {
    for (const e of events) {
      const n = (this.#sequences.get(e.source) ?? 0) + 1
      this.#sequences.set(e.source, n)
      const event = { ...e, sequence: String(n).padStart(20, '0') }
      this.#events.push({ position: this.#events.length + 1, event })
    }
    for (const l of this.#listeners) l()
    return this
  }

  read(afterPosition: number, limit: number, partition?: string): LoggedEvent[] {
    const rest = this.#events.slice(
      afterPosition,
      partition === undefined ? afterPosition + limit : undefined,
    )
    if (partition === undefined) return rest
    return rest.filter((e) => e.event.partitionkey === partition).slice(0, limit)
  }

  end(): number {
    return this.#events.length
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export interface PartSample {
  /** Makes the ids; the same name gives the same event. */
  name: string
  result: 'pass' | 'fail' | 'inconclusive'
  line?: string
  station?: string
  product?: string
  serial?: string
  /** Class codes, most severe first. */
  classes?: string[]
  disposition?: 'release' | 'rework' | 'scrap' | 'hold'
  runType?: InspectionCompleted['runType']
  simulated?: boolean
  reworkCount?: number
  /** Epoch ms. */
  at?: number
}

const START = Date.UTC(2026, 0, 5, 6)
const SEVERITY = ['critical', 'major', 'minor'] as const

export const inspectionId = (name: string): string => uuidv5(NAMESPACE, `inspection ${name}`)

/** A whole `qe.inspection.completed.v1` around the few facts a module looks at. */
export function inspected(s: PartSample): QEvent<InspectionCompleted> {
  const { line = 'a', station = 'st10', product = 'pcb', result } = s
  const time = new Date(s.at ?? START).toISOString()
  const classes = s.classes ?? (result === 'fail' ? ['open'] : [])
  return {
    ...envelope(
      inspectionId(s.name),
      'qe.inspection.completed.v1',
      `/plants/p/lines/${line}/stations/${station}`,
    ),
    subject: `unit/${s.serial ?? s.name}`,
    time,
    partitionkey: line,
    data: {
      inspectionId: inspectionId(s.name),
      runType: s.runType ?? 'production',
      simulated: s.simulated ?? false,
      unit: {
        serial: s.serial ?? s.name,
        product,
        revision: '1',
        lot: 'L1',
        reworkCount: s.reworkCount ?? 0,
        identifiedBy: 'code',
      },
      place: { plant: 'p', line, station, equipment: station },
      process: {
        operation: 'inspect',
        operationSeq: 1,
        recipe: 'board',
        recipeVersion: '1',
        materials: [],
        shift: 'day',
        cycleMs: 100,
        startedAt: time,
        endedAt: time,
      },
      trigger: 1,
      image: {
        views: [{ view: 'top', uri: 'file:x', sha256: HASH, width: 8, height: 8 }],
        framesExpected: 1,
        framesReceived: 1,
      },
      models: [],
      defects: classes.map((classCode, i) => ({
        id: `t/${i}`,
        classCode,
        severity: SEVERITY[Math.min(i, 2)] ?? 'minor',
        confidence: 0.9,
        bbox: [0, 0, 4, 4],
        view: 'top',
      })),
      measurements: [],
      verdict: {
        result,
        disposition: s.disposition ?? (result === 'pass' ? 'release' : result === 'fail' ? 'scrap' : 'hold'),
        noVerdict: result === 'inconclusive' ? 'quality' : null,
        pDefect: result === 'fail' ? 0.9 : 0,
        rules: [],
        ruleset: 'board@1',
        decidedBy: 'auto',
      },
      timing: {
        captureAt: time,
        transferMs: 0,
        queueMs: 0,
        preprocMs: 0,
        inferMs: 0,
        ruleMs: 0,
        totalMs: 0,
        deadlineMs: 100,
      },
    },
  }
}

const decisionId = (name: string, round: number): string => uuidv5(NAMESPACE, `decision ${round} ${name}`)

/** What a person decides about the part of the inspection called `name`. */
export const decided = (
  name: string,
  disposition: UnitDisposition,
  o: { round?: number; supersedes?: number; line?: string } = {},
): QEvent => ({
  ...envelope(decisionId(name, o.round ?? 1), 'qe.unit.dispositioned.v1', '/trace'),
  subject: `unit/${name}`,
  time: new Date(START + 120_000).toISOString(),
  partitionkey: o.line ?? 'a',
  data: {
    unit: `unit/${name}`,
    inspection: inspectionId(name),
    disposition,
    reason: 'looked at',
    by: 'qa-1',
    ...(o.supersedes !== undefined && { supersedes: decisionId(name, o.supersedes) }),
  },
})

/** Takes a decision back. */
export const retracted = (name: string, round: number): QEvent => ({
  ...envelope(uuidv5(NAMESPACE, `retract ${round} ${name}`), 'qe.trace.retracted.v1', '/trace'),
  subject: `fact/${decisionId(name, round)}`,
  time: new Date(START + 180_000).toISOString(),
  partitionkey: 'a',
  data: { supersedes: decisionId(name, round), reason: 'another part', by: 'qa-1' },
})

/** The gate held a part that its record releases. */
export const heldAtGate = (name: string): QEvent => ({
  ...envelope(uuidv5(NAMESPACE, `held ${name}`), 'qe.gate.held.v1', '/stations/st10'),
  subject: `inspection/${inspectionId(name)}`,
  time: new Date(START).toISOString(),
  partitionkey: 'a',
  data: {
    inspectionId: inspectionId(name),
    station: 'st10',
    trigger: 1,
    reason: { zh: '已隔离', en: 'on hold' },
  },
})

/** A review of the inspection called `name`. */
export function reviewed(
  name: string,
  before: VerdictReviewed['before'],
  after: VerdictReviewed['after'],
  o: { line?: string; labels?: string[]; at?: number; round?: number } = {},
): QEvent<VerdictReviewed> {
  return {
    ...envelope(uuidv5(NAMESPACE, `review ${o.round ?? 1} ${name}`), 'qe.verdict.reviewed.v1', '/dashboard'),
    subject: `inspection/${name}`,
    time: new Date(o.at ?? START + 60_000).toISOString(),
    partitionkey: o.line ?? 'a',
    data: {
      inspectionId: inspectionId(name),
      reviewer: 'qa-1',
      before,
      after,
      reason: 'checked under the microscope',
      labels: (o.labels ?? []).map((classCode) => ({ classCode })),
    },
  }
}

function envelope(id: string, type: string, source: string) {
  return {
    specversion: '1.0' as const,
    id,
    source,
    type,
    datacontenttype: 'application/json' as const,
    dataschema: `urn:sightline:schema:${type}`,
  }
}

/** `sizes × counts` parts: subgroup i holds `counts[i]` fails spread over `size` parts. */
export function subgroups(counts: readonly number[], size: number, s: Partial<PartSample> = {}): QEvent[] {
  return counts.flatMap((fails, g) =>
    Array.from({ length: size }, (_, i) => {
      const bad = Math.floor(((i + 1) * fails) / size) > Math.floor((i * fails) / size)
      const name = `${s.line ?? 'a'}-${s.product ?? 'pcb'}-${g + 1}-${i + 1}`
      return inspected({ ...s, name, result: bad ? 'fail' : 'pass', at: START + (g * size + i) * 1_000 })
    }),
  )
}

class Crash extends Error {}

/**
 * An opener whose connections die at the n-th statement, all at once and for good, as in a power cut: what is not
 * committed by then is lost.
 */
export function crashingOpener(open: OpenSql, at: number): { open: OpenSql; statements: () => number } {
  let count = 0
  const step = <T>(work: () => T): T => {
    count += 1
    if (count > at) throw new Crash(`power cut at statement ${at}`)
    return work()
  }
  return {
    statements: () => count,
    open: (path, options) => {
      const db = open(path, options)
      const dying: SqlDatabase = {
        exec: (sql) => step(() => db.exec(sql)),
        run: (sql, ...v) => step(() => db.run(sql, ...v)),
        insert: (...rows) => step(() => db.insert(...rows)),
        get: (sql, ...v) => step(() => db.get(sql, ...v)),
        all: (sql, ...v) => step(() => db.all(sql, ...v)),
        transaction: (work) =>
          db.transaction(() => {
            const result = work()
            // The cut may also come just before the commit.
            step(() => undefined)
            return result
          }),
        close: () => db.close(),
      }
      return dying
    },
  }
}

export const scratchDir = (): string => mkdtempSync(join(tmpdir(), 'sightline-module-'))
