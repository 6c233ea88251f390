#!/usr/bin/env node
import { LEAST_OPEN_FILES, openFileLimit } from './setup/open-files.ts'

const limit = openFileLimit()
if (limit < LEAST_OPEN_FILES) {
  // Said here, and by hand: with so few not even the texts of the errors can be loaded.
  process.stderr.write(
    `CFG_LIMIT: the system allows this program too little; expected at least ${LEAST_OPEN_FILES} open files; found ${limit} (raise it: ulimit -n 4096, LimitNOFILE of the service, or --ulimit nofile of the container)\n`,
  )
  process.exitCode = 2
} else await import('./program.ts')
