import { pino } from 'pino'

const destination = pino.destination({ fd: 2, sync: true })
// A full log disk must not reach the parts: the line that cannot be written is lost, the part is not.
destination.on('error', () => undefined)

/** JSON lines on standard error; standard output belongs to the answers of commands. */
export const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
