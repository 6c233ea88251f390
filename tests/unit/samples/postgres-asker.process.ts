import { openPostgres } from '../../../traceability/index.ts'
import '../../from-build.ts'

/** A process that asks a database what it is told to, and blocks meanwhile as the threads of a line do. */
const [url, statementMs] = process.argv.slice(2)
const say = (said: object): void => void process.send?.(said)
const db = await openPostgres(url ?? '', {
  schema: 'public',
  statementMs: Number(statementMs),
  connectMs: 1_000,
  graceMs: 500,
}).catch((error: unknown) => {
  say({ fault: String(error) })
  throw error
})
process.on('message', (sql: string) => {
  try {
    say({ rows: db.all(sql) })
  } catch (error) {
    say({ fault: String(error) })
  }
})
say({ open: true })
