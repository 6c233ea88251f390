import type { Command } from 'commander'
import { labelledRegions } from './labelled-regions.ts'
import { whole } from '../terminal/options.ts'
import { type LabelledFlags, labelledOptions, type LabelledWork } from './labelled.ts'

/** Flags of the commands that teach from labelled regions. */
export interface RegionFlags extends LabelledFlags {
  area: number
  memory: number
}

export const regionOptions = (command: Command): Command =>
  labelledOptions(command)
    .option('--area <px>', 'working area: larger sees smaller defects', whole(4_096, 4_194_304), 65_536)
    .option('--memory <MB>', 'memory the work may hold', whole(50), 2_000)

/** What such a command teaches from, and how. */
export function regionTeaching(
  o: RegionFlags,
  { version, colour, dataset, signal, onProgress }: LabelledWork,
) {
  const { id, area: areaPx, seed, licence } = o
  const memoryLimitBytes = o.memory * 1_000_000
  return {
    ...labelledRegions(dataset, colour, signal),
    options: { id, version, areaPx, seed, licence, memoryLimitBytes, signal, onProgress },
  }
}
