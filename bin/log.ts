import { pino } from 'pino'

/** JSON lines on standard error; standard output belongs to the answers of commands. */
export const log = pino(
  { base: null, timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ fd: 2, sync: true }),
)
