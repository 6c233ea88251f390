import type { PlantLog } from './plant-log.ts'
import { refused, type SourceLog } from './source-log.ts'

/** What a line does whose data directory cannot go on under its log. */
export const START_OVER =
  'begin a new data directory, with another `line` in the line file (and another `plantStore.log`, where it has one), and keep this one'

/**
 * Before the first events of a log are taken. One log under two names would count each of its parts twice; lines that were
 * set up as copies have no part in common. Two logs of one line would be one line in the plant: stations, parts without a
 * code and reports are told apart there by its name alone, and both count from 1. Its parts keep the name by which they were
 * judged, whatever the line is called now.
 *
 * @param line as its file calls it now
 * @throws TRC_REPLICA
 */
export function refuseTaken(from: SourceLog, to: PlantLog, line: string): void {
  const first = from.firstPart()
  const known = first === null ? null : to.otherName(first)
  if (first !== null && known !== null)
    throw refused(
      first.position,
      'a log that the plant has under no other name',
      `that of ${known}`,
      `name it as before (\`plantStore.log: ${known}\`, --log), or ${START_OVER}; nothing of it is taken over`,
    )
  const same = to.otherOfLine([line, ...from.lineNames()])
  if (same !== null)
    throw refused(
      1,
      'a line by whose name the plant has no other log',
      `line ${same.line}, of which it has ${same.log}`,
      `${START_OVER}: parts without a code and reports of both would be the same there; nothing of it is taken over`,
    )
}
