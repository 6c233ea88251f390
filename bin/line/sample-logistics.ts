import { asCoded, type FactAck, type StationSpec, type TraceFact, wallTime } from '../../contracts/index.ts'
import { SampleLogistics } from '../../datasets/index.ts'
import type { JudgedPart } from '../../inspection/index.ts'
import { log } from '../setup/log.ts'

export interface LogisticsPorts {
  line: string
  recordFact(fact: TraceFact): Promise<FactAck>
  /** Null when the part has no record yet. */
  lotOf(inspectionId: string): Promise<string | null>
}

/** States what the plant around a sample line does, by the same way as any other system would; null for other cameras. */
export function sampleLogistics(
  { camera }: StationSpec,
  ports: LogisticsPorts,
): ((part: JudgedPart) => void) | null {
  if (camera.adapter !== 'sample-line' || !camera.logistics) return null
  const plant = new SampleLogistics(ports.line)
  let last: Promise<void> = Promise.resolve()
  return (part) => {
    // One board after the other, in the order of the line, behind the gate.
    last = last
      .then(() => follow(plant, part, ports))
      .catch((error: unknown) => {
        const { code, message } = asCoded(error, 'TRC_WRITE')
        log.warn({ code, trigger: part.trigger }, `the sample plant does not know this board: ${message}`)
      })
  }
}

async function follow(plant: SampleLogistics, part: JudgedPart, ports: LogisticsPorts): Promise<void> {
  const { record, command, ack, inspectionId } = part
  if (record?.durable !== 'store') return
  const lot = await ports.lotOf(inspectionId)
  // A board that nobody could name is nobody's to pack.
  if (lot === null || !/^SL\d{8}$/.test(record.serial)) return
  const at = wallTime(ack.atMs)
  for (const fact of plant.after(
    { serial: record.serial, lot, at },
    command.action === 'release' && ack.ok,
  )) {
    try {
      await ports.recordFact(fact)
    } catch (error) {
      const { code, message } = asCoded(error, 'TRC_WRITE')
      // What is held stays where it is; the other boards go on.
      if (code === 'TRC_HELD') log.warn({ code, fact: fact.kind }, `the sample plant leaves it: ${message}`)
      // Stated before this line was started again, at another time.
      else if (code !== 'TRC_DUPLICATE') throw error
    }
  }
}
