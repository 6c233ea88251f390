import { startFromBuild } from '../contracts/built-entry.ts'

/** Threads and processes of a test file, or of a program of the tests, are started from what `built.ts` has made. */
const built = process.env['SIGHTLINE_BUILT']
if (built !== undefined) startFromBuild(built)
