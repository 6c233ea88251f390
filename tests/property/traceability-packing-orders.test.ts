import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CodedError, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { verifyDataDir } from '../../traceability/index.ts'
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
        `select e.* from identity i join edge e on e.child = i.uri
           where i.serial = ? and e.kind = 'aggregate' order by e.valid_from`,
        serial,
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

it(`captured events, seed ${SEED}`, async () => {
  const store = await line.store()
  for (let n = 0; n < STORIES; n++) {
    const { steps, stays } = storyOf()
    const order = shuffled(steps)
    for (const { packed, box, hour } of order) {
      const event = {
        eventID: `urn:x:${n}-${hour}`,
        type: 'AggregationEvent',
        action: packed ? 'ADD' : 'DELETE',
        parentID: `urn:epc:id:sscc:0614141.1${1000 + n}${box}0000`,
        // Emptied as a whole, now and then.
        childEPCs: !packed && random(4) === 0 ? [] : [`urn:epc:id:sgtin:0614141.107346.${1000 + n}`],
        eventTime: at(hour),
        eventTimeZoneOffset: '+00:00',
      }
      const { items } = new Checks().document(JSON.stringify(epcisDocument([event])), {
        single: false,
        most: 1,
      })
      await store.captureEpcis({
        capture: uuidv7(),
        recordTime: at(20),
        source,
        rollback: true,
        items,
        masterData: null,
      })
    }
    expect({ order, stays: staysOf(`${1000 + n}`, /0614141\d{4}(\d)0000/) }).toEqual({ order, stays })
  }
  expect(await findings()).toEqual([])
})

it(`facts, of which those that are refused are told again, seed ${SEED}`, async () => {
  const store = await line.store()
  const tell = (hour: number, fact: object): Promise<unknown> =>
    store.recordFact({ id: uuidv7(), by: 'li', at: at(hour), ...fact } as TraceFact, source)
  for (let n = 0; n < STORIES; n++) {
    const { steps, stays } = storyOf()
    const order = shuffled(steps)
    await tell(0, { kind: 'commission', unit: `U${n}`, product: 'cap' })
    let waiting = order
    for (let before = Infinity; waiting.length > 0 && waiting.length < before;) {
      before = waiting.length
      const refused: Step[] = []
      for (const step of waiting) {
        const kind = step.packed ? 'aggregate' : 'disaggregate'
        await tell(step.hour, { kind, child: `unit/U${n}`, parent: `box/B${n}.${step.box}` }).catch(
          (error) => {
            if (!(error instanceof CodedError) || error.code !== 'TRC_GENEALOGY') throw error
            refused.push(step)
          },
        )
      }
      waiting = refused
    }
    expect({ order, waiting, stays: staysOf(`U${n}`, /\.(\d)$/) }).toEqual({ order, waiting: [], stays })
  }
  expect(await findings()).toEqual([])
})
