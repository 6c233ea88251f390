import type { CauseTable } from '../../../traceability/query/index.ts'

/** 500 parts of two lots, 16 of them bad; those of L7 went by carrier C4 but for two. Or none at all. */
export function causeTable(any: boolean): CauseTable {
  const none = {
    undecided: 0,
    unjudged: [],
    repeated: 0,
    olderInspections: 0,
    classes: [],
    classesCut: 0,
    older: false,
    later: 0,
    linksCut: false,
  }
  if (!any) return { ...none, n: 0, bad: 0, since: null, counts: [], factors: [], pairs: [] }
  const fact = { n: 500, cut: 0, single: true }
  return {
    ...none,
    n: 500,
    bad: 16,
    since: '2026-01-05T06:00:00.000Z',
    counts: [
      { factor: 'lot', value: 'L1', n: 400, bad: 4, restN: 100, restBad: 12 },
      { factor: 'lot', value: 'L7', n: 100, bad: 12, restN: 400, restBad: 4 },
      { factor: 'carrier', value: 'C4', n: 98, bad: 12, restN: 402, restBad: 4 },
      { factor: 'station', value: 'st10-top', n: 500, bad: 16, restN: 0, restBad: 0 },
    ],
    factors: [
      { ...fact, factor: 'lot', levels: 2 },
      { ...fact, factor: 'carrier', levels: 2 },
      { ...fact, factor: 'station', levels: 1 },
    ],
    pairs: [
      {
        a: { factor: 'lot', value: 'L7', n: 100, bad: 12 },
        b: { factor: 'carrier', value: 'C4', n: 98, bad: 12 },
        both: { n: 98, bad: 12 },
      },
    ],
    unjudged: [{ reason: 'missed', n: 7 }],
    repeated: 5,
    later: 3,
  }
}
