import { openSql } from '../../../traceability/index.ts'

// Reads a database, says so, and goes on holding what it read until it is killed.
const db = openSql(process.argv[2] ?? '', { synchronous: 'normal', readOnly: true })
db.exec('begin')
db.get('select count(*) from event')
process.stdout.write('holding\n')
// Collected as garbage, the connection would end.
setInterval(() => db.get('select 1'), 1_000)
