import type { Command } from 'commander'
import {
  CodedError,
  type ErrorFact,
  fromFact,
  IMAGE_COPIES,
  plantStoreSchema,
} from '../../contracts/index.ts'
import {
  openPlant,
  openToRead,
  OWN_LOG,
  parseVerifierKey,
  plantImage,
  plantLogs,
  renderReport,
  sourceOrigin,
  startReplication,
  verifyPlantLog,
} from '../../traceability/index.ts'
import type { Environment } from '../setup/environment.ts'
import { onStop } from '../setup/on-stop.ts'
import { plantAddress } from '../plant/address.ts'
import { tellReplication } from '../line/replication.ts'
import { DATA_OPTION, expectedBy } from '../terminal/options.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { writeOut } from '../terminal/write-out.ts'
import { addPlantDesk } from './plant-desk.ts'

/** As of `sightline verify`: something was altered; nothing contradicts, but nothing is signed either. */
const ALTERED = 3
const UNPROVEN = 4
/** How often a replication that is waited for is looked at, ms. */
const LOOK_MS = 50

export function addPlant(program: Command, environment: Environment): void {
  const plant = program
    .command('plant')
    .description('the store of the plant on PostgreSQL, SIGHTLINE_DATABASE_URL')
  plant
    .command('status')
    .description('the logs that the plant receives, and how far')
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--json', 'print JSON')
    .action(async (o: { schema: string; json?: boolean }) => {
      const { url, schema } = plantAddress(o.schema, environment)
      const db = await openPlant(url, schema)
      try {
        const logs = plantLogs(db)
        if (o.json) process.stdout.write(`${JSON.stringify(logs, null, 2)}\n`)
        else
          printTable(
            ['log', 'events', 'signed', 'updated', 'heard', 'key'],
            logs.map((l) => [
              l.log,
              String(l.events),
              String(l.signed),
              l.updatedAt,
              l.seenAt ?? '',
              l.vkey ?? '',
            ]),
          )
      } finally {
        db.close()
      }
    })
  plant
    .command('replicate')
    .description('carry the log of a data directory into the plant store; ends when all of it is there')
    .option(...DATA_OPTION)
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--log <name>', 'name of the log in the plant; default <plant>/<line>')
    .option('--images <which>', `image files that go along: ${IMAGE_COPIES.join(', ')}`, 'none')
    .option('--follow', 'go on until stopped')
    .action((o: ReplicateOptions) => replicate(o, environment))
  plant
    .command('image <sha256> <out>')
    .description('write an image that came along with its record to a file')
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .action(async (sha256: string, out: string, o: { schema: string }) => {
      const { url, schema } = plantAddress(o.schema, environment)
      const db = await openPlant(url, schema)
      try {
        const bytes = plantImage(db, sha256)
        if (bytes === null)
          throw new CodedError('TRC_NOT_FOUND', {
            expected: 'the SHA-256 of an image in the plant store',
            actual: sha256,
            hint: 'the line keeps it; `images` of its plantStore says which go along',
          })
        await writeOut(out, bytes)
      } finally {
        db.close()
      }
    })
  plant
    .command('verify [log]')
    .description(
      'check what the plant received against events, trees and checkpoints; exit code 3 when altered, 4 when nothing is signed',
    )
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--key <vkey...>', 'public keys of logs you noted; else the key that came with each log')
    .option('--json', 'print JSON')
    .option('--lang <language>', 'zh or en', 'en')
    .action((log: string | undefined, o: VerifyOptions) => verify(log, o, environment))
  addPlantDesk(plant, environment)
}

interface ReplicateOptions {
  data?: string
  schema: string
  log?: string
  images: string
  follow?: boolean
}

async function replicate(o: ReplicateOptions, environment: Environment): Promise<void> {
  const { url } = plantAddress(o.schema, environment)
  const dataDir = dataDirOf(o.data, environment)
  const spec = plantStoreSchema.safeParse({
    schema: o.schema,
    images: o.images,
    ...(o.log !== undefined && { log: o.log }),
  })
  if (!spec.success) {
    const issue = spec.error.issues[0]
    throw new CodedError('CFG_USAGE', {
      path: `--${issue?.path.join('.') ?? ''}`,
      expected: expectedBy(issue?.message),
      actual: String(o[issue?.path[0] as 'schema' | 'images' | 'log'] ?? 'nothing'),
    })
  }
  const db = openToRead(`${dataDir}/trace.db`)
  const where = sourceOrigin(db)
  db.close()
  if (where === null) throw new CodedError('TRC_NOT_FOUND', { file: dataDir, expected: 'a log with events' })
  const replication = startReplication({ dataDir, url, spec: spec.data, where, onChange: tellReplication })
  let stopped = false
  onStop(() => void (stopped = true))
  try {
    while (!stopped) {
      const { state, fault } = replication.state()
      if (!o.follow && state === 'current') break
      if (!o.follow && fault !== null) throw fromFact(fault as ErrorFact)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  } finally {
    await replication.close()
  }
  const { log, received, events, imagesMissing } = replication.state()
  process.stdout.write(`${JSON.stringify({ log, received, events, imagesMissing })}\n`)
}

interface VerifyOptions {
  schema: string
  key?: string[]
  json?: boolean
  lang: string
}

async function verify(log: string | undefined, o: VerifyOptions, environment: Environment): Promise<void> {
  if (o.lang !== 'zh' && o.lang !== 'en')
    throw new CodedError('CFG_USAGE', { expected: '--lang zh or en', actual: o.lang })
  const keys = (o.key ?? []).map(parseVerifierKey)
  const { url, schema } = plantAddress(o.schema, environment)
  const db = await openPlant(url, schema)
  try {
    const logs = log === undefined ? plantLogs(db).map((l) => l.log) : [log]
    const reports = logs.map((name) => ({ log: name, report: verifyPlantLog(db, schema, name, keys) }))
    if (o.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`)
    else
      for (const { log: name, report } of reports)
        process.stdout.write(`${name}\n${renderReport(report, o.lang)}\n`)
    const states = reports
      // Nobody signs what the plant states itself: each line that took it over signs that.
      .filter((r) => r.log !== OWN_LOG || log !== undefined || r.report.state !== 'unproven')
      .map((r) => r.report.state)
    if (states.includes('altered')) process.exitCode = ALTERED
    else if (states.includes('unproven')) process.exitCode = UNPROVEN
  } finally {
    db.close()
  }
}
