import { afterEach, expect, it, vi } from 'vitest'
import { CodedError, uuidv7 } from '../../contracts/index.ts'
import { leafHash, type PostgresDatabase, startReplication } from '../../traceability/index.ts'
import { GoneThrough } from '../../traceability/plant/gone-through.ts'
import { SourceLog } from '../../traceability/plant/source-log.ts'
import { cutLink } from '../services/cut-link.ts'
import { DATABASE_URL, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { carryAll, type PlantLine } from './samples/plant-line.ts'
import { at } from './samples/traceability-requests.ts'
import { plantForEach } from './samples/plant-for-each.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

/** Less than the events of a whole batch, several times what a connection begins with. */
const LASTS = 300_000
const PARTS = 400

describeWith('PostgreSQL', await postgresPresent(), 'a link that breaks before a batch is through', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine

  plantForEach((open) => ({ schema, plant, a } = open))

  it('gets on by smaller batches', async () => {
    await a.judge(PARTS)
    const link = await cutLink(DATABASE_URL, LASTS)
    let lost = 0
    const replication = startReplication({
      dataDir: a.dir,
      url: link.url,
      spec: { schema, images: 'none' },
      where: { plant: 'p1', line: a.line },
      onChange: ({ state }) => {
        if (state === 'away') lost += 1
      },
    })
    try {
      await vi.waitFor(() => expect(replication.state().state).toBe('current'), {
        timeout: 240_000,
        interval: 200,
      })
      expect(plant.get('select count(*) as n from inspection')).toEqual({ n: PARTS })
      expect(lost).toBeGreaterThan(0)
    } finally {
      await replication.close()
      link.close()
    }
  })
})

describeWith('PostgreSQL', await postgresPresent(), 'a line that goes on while the plant catches up', () => {
  let plant: PostgresDatabase
  let a: PlantLine

  plantForEach((open) => ({ plant, a } = open))

  afterEach(() => vi.restoreAllMocks())

  /** From where to where each check goes, from now on. */
  function checks(): { from: number; to: number }[] {
    const begun: { from: number; to: number }[] = []
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { check } = SourceLog.prototype
    vi.spyOn(SourceLog.prototype, 'check').mockImplementation(function (
      this: SourceLog,
      tree,
      head,
      ...rest
    ) {
      begun.push({ from: tree.size, to: head.size })
      check.call(this, tree, head, ...rest)
    })
    return begun
  }

  it('has each of its events gone through once, not all that waits with every batch', async () => {
    const begun = checks()
    await a.judge(30)
    const replicator = a.replicator(plant, { batch: 5 })
    replicator.step()
    for (const parts of [2, 2]) {
      await a.judge(parts)
      replicator.step()
    }
    const [first = 0, second = 0, third = 0] = begun.map(({ to }) => to)
    expect(first).toBeGreaterThanOrEqual(30)
    expect(begun.map(({ from }) => from)).toEqual([0, first, second])
    expect(third).toBeGreaterThan(second)
  })

  /** Over a link that breaks in the third piece of 1,000 events. */
  async function brokenOff(): Promise<GoneThrough> {
    await a.judge(2_100)
    const gone = new GoneThrough()
    let pieces = 0
    const meanwhile = (): void => {
      if (++pieces === 3) throw new CodedError('TRC_PLANT', { actual: 'the link broke' })
    }
    expect(() => a.replicator(plant, { meanwhile, gone }).step()).toThrow(/the link broke/)
    return gone
  }

  it('has a long log gone through from where the link broke, also over links that are shorter than all of it', async () => {
    const gone = await brokenOff()
    const begun = checks()
    carryAll(a.replicator(plant, { gone }))
    expect(begun.map(({ from }) => from)).toEqual([2_000])
    expect(plant.get('select count(*) as n from inspection')).toEqual({ n: 2_100 })
  })

  it('takes nothing that was altered while the link was away, though it was gone through before', async () => {
    const gone = await brokenOff()
    a.tamper(`update inspection set result = 'pass', disposition = 'release' where position = 12`)
    expect(() => a.replicator(plant, { gone }).step()).toThrow(/TRC_REPLICA.*position 12/)
    expect(plant.get('select count(*) as n from event')).toEqual({ n: 0 })
  })

  it.each([
    ['a record', `update inspection set result = 'pass', disposition = 'release' where position = 12`],
    ['an event', `update event set json = replace(json, '"trigger":12', '"trigger":99') where position = 12`],
  ])('takes no batch of which %s was altered after it was gone through', async (_what, sql) => {
    await a.judge(20)
    const replicator = a.replicator(plant, { batch: 5 })
    for (let n = 0; n < 2; n++) replicator.step()
    a.tamper(sql)
    expect(() => replicator.step()).toThrow(/TRC_REPLICA.*position 12/)
    expect(plant.get('select count(*) as n from event')).toEqual({ n: 10 })
  })

  it('refuses the end of what it went through where an event before it was put in with another leaf', async () => {
    await a.judge(11)
    const hold = {
      id: uuidv7(),
      at: at(50),
      by: 'li',
      kind: 'hold',
      target: 'lot/M1',
      reason: 'seen',
    } as const
    await (await a.store()).recordFact(hold, { plant: 'p1', line: a.line })
    await a.judge(8)
    const replicator = a.replicator(plant, { batch: 5 })
    for (let n = 0; n < 2; n++) replicator.step()
    const source = a.source()
    const { json = '' } = source.get<{ json: string }>('select json from event where position = 12') ?? {}
    source.close()
    const forged = json.replace('"seen"', '"none"')
    expect(forged).not.toBe(json)
    const leaf = leafHash(forged).toString('hex')
    a.tamper(`update event set json = '${forged}', leaf_hash = x'${leaf}' where position = 12`)
    replicator.step()
    expect(() => replicator.step()).toThrow(/TRC_REPLICA.*that were gone through/)
    expect(plant.get('select count(*) as n from event')).toEqual({ n: 15 })
  })
})
