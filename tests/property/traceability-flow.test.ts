import { expect, it } from 'vitest'
import { migrate, openSql } from '../../traceability/index.ts'
import { follow } from '../../traceability/genealogy/flow.ts'
import { byTarget, type Hold, holdOver } from '../../traceability/genealogy/holds.ts'
import { isHolder } from '../../traceability/genealogy/things.ts'

const held = (target: string) => byTarget([{ target } as Hold])
const SEED = 20260501
const GRAPHS = 40
const THINGS = [
  'unit:1',
  'unit:2',
  'unit:3',
  'lot:a',
  'lot:"b\\\n漢',
  'box:1',
  'box:2',
  'pallet:1',
  'carrier:1',
]
const KINDS = ['associate', 'transform', 'aggregate', 'ship'] as const
const END = '9999'

interface Edge {
  child: string
  parent: string
  kind: (typeof KINDS)[number]
  certain: boolean
  from: string
  to: string | null
}

let state = SEED
function random(n: number): number {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) % n
}
const hour = (n: number): string => `2026-01-05T${String(n).padStart(2, '0')}:00:00.000Z`
const pick = <T>(of: readonly T[]): T => of[random(of.length)] as T

/** The rules of flow.ts one link at a time, every window followed by itself. */
function plainly(edges: readonly Edge[], start: string, from: string, to: string, down: boolean): string[] {
  const seen = new Set<string>()
  const found = new Map<string, { depth: number; certain: boolean }>()
  let frontier = [{ uri: start, from, to, certain: true }]
  for (let depth = 0; frontier.length > 0; depth++) {
    const next: typeof frontier = []
    for (const at of frontier) {
      const key = JSON.stringify(at)
      if (seen.has(key)) continue
      seen.add(key)
      const known = found.get(at.uri)
      if (known === undefined) found.set(at.uri, { depth, certain: at.certain })
      else known.certain ||= at.certain
      for (const e of edges) {
        const packing = e.kind === 'aggregate' || e.kind === 'ship'
        const [here, there] = packing === down ? [e.child, e.parent] : [e.parent, e.child]
        const begins = at.from > e.from ? at.from : e.from
        const ends = at.to < (e.to ?? END) ? at.to : (e.to ?? END)
        if (here !== at.uri || begins >= ends) continue
        const certain = at.certain && e.certain
        next.push(
          down
            ? { uri: there, from: begins, to: isHolder(there) ? (e.to ?? END) : END, certain }
            : { uri: there, from: isHolder(there) ? begins : '', to: ends, certain },
        )
      }
    }
    frontier = next
  }
  return [...found].map(([uri, { depth, certain }]) => `${uri} ${depth} ${certain}`).sort()
}

/** What a thing lies in now: kinds and URIs, in lines that are sorted. */
const outwardsOf = (edges: readonly Edge[], uri: string): string[] =>
  linesOf(
    edges
      .filter((e) => e.child === uri && e.to === null && (e.kind === 'aggregate' || e.kind === 'ship'))
      .map((e) => `${e.kind}\n${e.parent}`)
      .join('\n'),
  )
const linesOf = (text: string): string[] => text.split('\n').sort()

it(`walks as link after link would, over ${GRAPHS} random graphs, seed ${SEED}`, () => {
  let reached = 0
  let told = 0
  for (let g = 0; g < GRAPHS; g++) {
    const db = openSql(':memory:', { synchronous: 'normal' })
    migrate(db, ':memory:')
    const edges: Edge[] = []
    for (let n = 0; n < 24; n++) {
      const [child, parent] = [pick(THINGS), pick(THINGS)].map((t) => `urn:sightline:${t}`) as [
        string,
        string,
      ]
      const from = random(20)
      const edge: Edge = {
        child,
        parent,
        kind: pick(KINDS),
        certain: random(4) > 0,
        from: hour(from),
        to: random(2) === 0 ? null : hour(from + 1 + random(3)),
      }
      const twice = edges.some(
        (e) => e.child === child && e.parent === parent && e.kind === edge.kind && e.from === edge.from,
      )
      if (child === parent || twice) continue
      edges.push(edge)
      db.run(
        `insert into edge (child, parent, kind, certainty, valid_from, valid_to, position) values (?, ?, ?, ?, ?, ?, 1)`,
        child,
        parent,
        edge.kind,
        edge.certain ? 'certain' : 'probable',
        edge.from,
        edge.to,
      )
    }
    for (const thing of THINGS)
      for (const down of [true, false]) {
        const uri = `urn:sightline:${thing}`
        const window = random(2) === 0 ? { from: hour(4), to: hour(14) } : {}
        const { nodes, cut } = follow(db, [{ uri, ...window }], down ? 'down' : 'up', 100_000)
        expect(cut).toBe(false)
        expect(nodes.map((n) => `${n.uri} ${n.depth} ${n.certain}`).sort(), `${g} ${uri} ${down}`).toEqual(
          plainly(edges, uri, window.from ?? '', window.to ?? END, down),
        )
        reached += nodes.length - 1
        if (!down) {
          const over = (t: string): Hold | null => holdOver(db, held(t), [{ uri, ...window }])
          const all = THINGS.map((t) => `urn:sightline:${t}`)
          expect(
            all.filter((t) => over(t) !== null),
            `${g} ${uri}`,
          ).toEqual(all.filter((t) => nodes.some((n) => n.uri === t)))
        }
        for (const n of nodes) {
          if (n.outwards === undefined) continue
          expect(linesOf(n.outwards), `${g} ${uri} ${n.uri}`).toEqual(outwardsOf(edges, n.uri))
          told += n.outwards === '' ? 0 : 1
        }
      }
    db.close()
  }
  expect(reached).toBeGreaterThan(GRAPHS * THINGS.length)
  expect(told).toBeGreaterThan(GRAPHS)
})

it('follows chains without an end, and says where the bound cut them', () => {
  const db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
  // Every lot takes in what was left of the one before.
  const lot = (n: number): string => `urn:sightline:lot:heel:${n}`
  for (let n = 1; n <= 300; n++)
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position) values (?, ?, 'transform', 'certain', ?, 1)`,
      lot(n),
      lot(n - 1),
      hour(1),
    )
  for (const [way, start] of [['down', 0] as const, ['up', 300] as const]) {
    const whole = follow(db, [{ uri: lot(start) }], way, 100_000)
    expect([whole.nodes.length, whole.nodes.at(-1)?.depth, whole.cut]).toEqual([301, 300, false])
    const cut = follow(db, [{ uri: lot(start) }], way, 400)
    expect(cut.nodes.length).toBeGreaterThan(17)
    expect(cut.nodes.length).toBeLessThan(60)
    expect(cut.cut).toBe(true)
  }
  // Further than a walk goes it is told that nothing of it is on hold, and that something is, but not that it counts.
  db.run(`with recursive n (n) as (select 301 union all select n + 1 from n where n < 2000)
    insert into edge (child, parent, kind, certainty, valid_from, position)
    select '${lot(0).slice(0, -1)}' || n, '${lot(0).slice(0, -1)}' || (n - 1), 'transform', 'certain', '${hour(1)}', 1 from n`)
  const start = [{ uri: lot(2000) }]
  expect(holdOver(db, held('urn:sightline:lot:heel:other'), start)).toBeNull()
  expect(holdOver(db, held(lot(1900)), start)?.target).toBe(lot(1900))
  expect(() => holdOver(db, held(lot(0)), start)).toThrow(/cannot be told in time/)
  db.close()
})
