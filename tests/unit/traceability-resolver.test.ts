import { describe, expect, it } from 'vitest'
import { EVENT_DATA } from '../../contracts/index.ts'
import {
  handleRecord,
  IdentityMap,
  linksetOf,
  type Registration,
  openSql,
  RegistrationQueue,
  type RegistrationStore,
  SqlRegistrationStore,
} from '../../traceability/index.ts'

const URI = 'https://id.gs1.org/01/09506000134352/21/A1'
const LINKS = [
  {
    href: 'https://line.example/parts/A1',
    linkType: 'traceability',
    title: 'Life of the part',
    type: 'text/html',
    hreflang: ['en', 'zh'],
  },
  { href: 'https://line.example/proof/A1.json', linkType: 'https://example.com/voc/proof', title: 'Proof' },
]

describe('what a resolver is told', () => {
  // Form of RFC 9264, section 4.2.4, and of the GS1-Conformant Resolver Standard: relation URIs as members.
  it('a linkset', () => {
    expect(linksetOf(URI, LINKS)).toEqual({
      linkset: [
        {
          anchor: URI,
          'https://ref.gs1.org/voc/defaultLink': [
            { href: LINKS[0]?.href, title: 'Life of the part', type: 'text/html', hreflang: ['en', 'zh'] },
          ],
          'https://ref.gs1.org/voc/traceability': [
            { href: LINKS[0]?.href, title: 'Life of the part', type: 'text/html', hreflang: ['en', 'zh'] },
          ],
          'https://example.com/voc/proof': [{ href: LINKS[1]?.href, title: 'Proof' }],
        },
      ],
    })
  })

  it('a handle record', () => {
    const record = handleRecord(
      { prefix: '88.118.1', suffix: 'cap.A1', canonical: URI, at: '2026-01-05T06:00:00.000Z' },
      LINKS,
    )
    expect(record.handle).toBe('88.118.1/cap.A1')
    expect(record.values.map((v) => [v.index, v.type, v.data.value])).toEqual([
      [1, 'CANONICAL_URI', URI],
      [2, 'URL', LINKS[0]?.href],
      [3, 'URL', LINKS[1]?.href],
    ])
    expect(record.values[0]?.timestamp).toBe('2026-01-05T06:00:00Z')
    const make = (prefix: string, suffix: string) => () =>
      handleRecord({ prefix, suffix, canonical: URI, at: '2026-01-05T06:00:00Z' }, [])
    expect(make('abc', 'x')).toThrow(/CFG_INVALID/)
    expect(make('88.118.1', 'a b')).toThrow(/TRC_IDENTITY.*character 1/)
  })
})

describe('registration', () => {
  const memory = (): RegistrationStore & { all: Map<string, Registration> } => {
    const all = new Map<string, Registration>()
    return {
      all,
      put: async (r) => void all.set(r.uri, r),
      due: async (now, latest, limit) =>
        [...all.values()].filter((r) => r.dueAt <= now || r.dueAt > latest).slice(0, limit),
      remove: async (uri, record) => void (all.get(uri)?.record === record && all.delete(uri)),
      size: async () => all.size,
    }
  }

  it('tries again until the resolver takes it, and sends the newest record', async () => {
    const store = memory()
    const got: string[] = []
    let away = true
    let now = 0
    const queue = new RegistrationQueue(
      store,
      async (uri, record) => {
        if (away) throw new Error('503')
        got.push(`${uri} ${record}`)
      },
      () => now,
    )
    await queue.register('u1', { v: 1 })
    await queue.register('u2', { v: 1 })
    const tries: number[] = []
    for (; now < 10_000; now += 500) {
      const before = (await queue.health()).failures
      await queue.run()
      if ((await queue.health()).failures > before) tries.push(now)
    }
    // u1 fails at 0, u2 at the next run; each then after 1, 2 and 4 s more.
    expect(tries).toEqual([0, 500, 1_000, 1_500, 3_000, 3_500, 7_000, 7_500])
    expect(await queue.health()).toMatchObject({ waiting: 2, sent: 0, error: { code: 'TRC_WRITE' } })
    await queue.register('u1', { v: 2 })
    away = false
    now = 1_000_000
    expect(await Promise.all([queue.run(), queue.run()])).toEqual([2, 2])
    expect(got.sort()).toEqual(['u1 {"v":2}', 'u2 {"v":1}'])
    expect(await queue.health()).toMatchObject({ waiting: 0, sent: 2, error: null })
  })

  it('does not wait for a clock that was put back', async () => {
    const db = openSql(':memory:', { synchronous: 'normal' })
    let [now, asked] = [1_000_000_000, 0]
    const send = async (): Promise<void> => {
      if (asked++ === 0) throw new Error('503')
    }
    const queue = new RegistrationQueue(new SqlRegistrationStore(db), send, () => now)
    await queue.register('u', { v: 1 })
    expect(await queue.run()).toBe(0)
    now -= 4 * 3_600_000
    expect(await queue.run()).toBe(1)
    db.close()
  })

  it('keeps a record that was replaced while the old one was sent', async () => {
    const store = memory()
    const sent: string[] = []
    const queue: RegistrationQueue = new RegistrationQueue(store, async (uri, record) => {
      sent.push(record)
      if (sent.length === 1) await queue.register(uri, { v: 2 })
    })
    await queue.register('u', { v: 1 })
    await queue.run()
    expect(sent).toEqual(['{"v":1}', '{"v":2}'])
  })
})

describe('identities that become one, or several', () => {
  const by = { by: 'qa', reason: 'label printed twice' }

  it('are events that can be taken back', () => {
    const map = new IdentityMap()
    map.apply({ kind: 'merge', canonical: 'a', uris: ['b'], ...by })
    map.apply({ kind: 'merge', canonical: 'c', uris: ['b'], ...by })
    expect([map.canonical('a'), map.canonical('b'), map.names('b').sort()]).toEqual([
      'c',
      'c',
      ['a', 'b', 'c'],
    ])
    map.apply({ kind: 'split', canonical: 'c', uris: ['b'], ...by })
    expect([map.canonical('b'), map.canonical('a')]).toEqual(['b', 'c'])
  })

  it('are refused when they say nothing new', () => {
    const map = new IdentityMap()
    expect(() => map.apply({ kind: 'merge', canonical: 'a', uris: ['a'], ...by })).toThrow(/TRC_IDENTITY/)
    expect(() => map.apply({ kind: 'split', canonical: 'a', uris: ['b'], ...by })).toThrow(/TRC_IDENTITY/)
  })

  it('have a schema', () => {
    const schema = EVENT_DATA['qe.identity.changed.v1']
    expect(schema.safeParse({ kind: 'merge', canonical: 'a', uris: ['b'], ...by }).success).toBe(true)
    expect(schema.safeParse({ kind: 'merge', canonical: 'a', uris: [], ...by }).success).toBe(false)
  })
})
