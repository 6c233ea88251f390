import type { BrokenPackage } from '../../models/index.ts'

/** Says of a package folder that it was passed over: it may hold what was meant. */
export const tellBroken = ({ error }: BrokenPackage): void => {
  process.stderr.write(`${JSON.stringify({ warning: error.code, message: error.message })}\n`)
}
