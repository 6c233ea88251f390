import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CodedError, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { type TraceStore, verifyDataDir } from '../../traceability/index.ts'
import { epcisDocument } from '../unit/samples/epcis-documents.ts'
import { PlantLine } from '../unit/samples/plant-line.ts'

/** Packings and unpackings told in random orders: what is in which box when goes by the times that they say. */

vi.setConfig({ testTimeout: 240_000 })

const SEED = 20261203
const STORIES = 120

let state = SEED
function random(n: number): number {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) % n
}

interface Step {
  packed: boolean
  box: number
  hour: number
}
/** A unit goes in and out of up to three boxes, and may stay in the last one. */
function storyOf(): { steps: Step[]; stays: string[] } {
  const [steps, stays]: [Step[], string[]] = [[], []]
  const moves = 2 + random(3)
  for (let n = 0; n < moves; n++) {
    const [box, hour] = [random(3), 2 * n + 1]
    const out = n < moves - 1 || random(2) === 0
    steps.push({ packed: true, box, hour }, ...(out ? [{ packed: false, box, hour: hour + 1 }] : []))
    stays.push(`${box} ${hour}-${out ? hour + 1 : ''}`)
  }
  return { steps, stays }
}
function shuffled<T>(list: readonly T[]): T[] {
  const rest = [...list]
  return list.flatMap(() => rest.splice(random(rest.length), 1))
}
const at = (hour: number): string => `2026-01-05T${String(hour).padStart(2, '0')}:00:00.000Z`

let line: PlantLine
beforeEach(() => {
  line = new PlantLine('line-a')
})
afterEach(() => line.dispose())

const source = { plant: 'p1', line: 'line-a' }
/** In the order of its times. */
function staysOf(serial: string, boxOf: RegExp): string[] {
  const db = line.source()
  try {
    return db
      .all<{ parent: string; valid_from: string; valid_to: string | null }>(
        `select * from edge where child glob ? and kind = 'aggregate' order by valid_from`,
        `*[/:]${serial}`,
      )
      .map(({ parent, valid_from, valid_to }) => {
        const [from, to] = [valid_from, valid_to].map((time) => time && Number(time.slice(11, 13)))
        return `${boxOf.exec(parent)?.[1] ?? parent} ${from}-${to ?? ''}`
      })
  } finally {
    db.close()
  }
}
async function findings(): Promise<string[]> {
  await line.stop()
  return (await verifyDataDir(line.dir)).findings.map((f) => f.detail)
}

/** What is packed or, now and then as a whole, emptied. */
async function captureStep(store: TraceStore, n: number, { packed, box, hour }: Step): Promise<void> {
  const event = {
    eventID: `urn:x:${n}-${hour}`,
    type: 'AggregationEvent',
    action: packed ? 'ADD' : 'DELETE',
    parentID: boxUrn(n, box),
    childEPCs: !packed && random(4) === 0 ? [] : [unitUrn(n)],
    eventTime: at(hour),
    eventTimeZoneOffset: '+00:00',
  }
  const { items } = new Checks().document(JSON.stringify(epcisDocument([event])), { single: false, most: 1 })
  await store.captureEpcis({
    capture: uuidv7(),
    recordTime: at(20),
    source,
    rollback: true,
    items,
    masterData: null,
  })
}
const boxUrn = (n: number, box: number): string => `urn:epc:id:sscc:0614141.1${1000 + n}${box}0000`
const unitUrn = (n: number): string => `urn:epc:id:sgtin:0614141.107346.${1000 + n}`
const CAPTURED_BOX = /0614141\d{4}(\d)0000/

/** A step as a fact; what is refused, and may be told again, is false. */
const told = (store: TraceStore, { packed, hour }: Step, child: string, parent: string): Promise<boolean> =>
  store
    .recordFact(
      {
        id: uuidv7(),
        by: 'li',
        at: at(hour),
        kind: packed ? 'aggregate' : 'disaggregate',
        child,
        parent,
      } as TraceFact,
      source,
    )
    .then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof CodedError) || error.code !== 'TRC_GENEALOGY') throw error
        return false
      },
    )

/** Steps in this order, and those that are refused again, until none is taken any more. */
async function tellAll(order: readonly Step[], tell: (step: Step) => Promise<boolean>): Promise<Step[]> {
  let waiting = [...order]
  for (let before = Infinity; waiting.length > 0 && waiting.length < before;) {
    before = waiting.length
    const refused: Step[] = []
    for (const step of waiting) if (!(await tell(step))) refused.push(step)
    waiting = refused
  }
  return waiting
}

it(`captured events, seed ${SEED}`, async () => {
  const store = await line.store()
  for (let n = 0; n < STORIES; n++) {
    const { steps, stays } = storyOf()
    const order = shuffled(steps)
    for (const step of order) await captureStep(store, n, step)
    expect({ order, stays: staysOf(`${1000 + n}`, CAPTURED_BOX) }).toEqual({ order, stays })
  }
  expect(await findings()).toEqual([])
})

it(`facts, of which those that are refused are told again, seed ${SEED}`, async () => {
  const store = await line.store()
  for (let n = 0; n < STORIES; n++) {
    const { steps, stays } = storyOf()
    const order = shuffled(steps)
    await store.recordFact(
      { id: uuidv7(), by: 'li', at: at(0), kind: 'commission', unit: `U${n}`, product: 'cap' },
      source,
    )
    const waiting = await tellAll(order, (step) => told(store, step, `unit/U${n}`, `box/B${n}.${step.box}`))
    expect({ order, waiting, stays: staysOf(`U${n}`, /\.(\d)$/) }).toEqual({ order, waiting: [], stays })
  }
  expect(await findings()).toEqual([])
})

it(`facts among captured events, seed ${SEED}`, async () => {
  const store = await line.store()
  for (let n = 0; n < STORIES; n++) {
    const { steps, stays } = storyOf()
    const order = shuffled(steps)
    const facts = new Set(order.filter(() => random(2) === 0))
    const waiting = await tellAll(order, async (step) => {
      if (facts.has(step)) return told(store, step, unitUrn(n), boxUrn(n, step.box))
      await captureStep(store, n, step)
      return true
    })
    const as = order.map((step) => ({ ...step, fact: facts.has(step) }))
    expect({ as, waiting, stays: staysOf(`${1000 + n}`, CAPTURED_BOX) }).toEqual({ as, waiting: [], stays })
  }
  expect(await findings()).toEqual([])
})
