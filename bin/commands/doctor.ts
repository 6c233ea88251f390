import { access, constants, statfs } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { asCoded, makeFolder, PROVIDERS } from '../../contracts/index.ts'
import { redisQueue } from '../../inspection/index.ts'
import {
  findPackages,
  listProviders,
  type PackageInfo,
  type TrustedKeys,
  verifyModel,
} from '../../models/index.ts'
import { openPostgres, placeOf, refuseEncoding } from '../../traceability/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, trustedKeys } from '../setup/models.ts'
import { openFileLimit, openFilesFor } from '../setup/open-files.ts'
import { version } from '../setup/paths.ts'
import { printTable } from '../terminal/table.ts'
import { DATA_OPTION } from '../terminal/options.ts'

interface Finding {
  check: string
  state: 'ok' | 'absent' | 'bad'
  detail: string
}

/** Below this much free space the disk is reported, bytes. */
const LOW_DISK = 5e9
const LOW_INODES = 10_000

export function addDoctor(program: Command, environment: Environment): void {
  program
    .command('doctor')
    .description(
      'look at disk, open files, models, execution providers, ffmpeg, Redis, PostgreSQL and clock of this machine',
    )
    .option(...DATA_OPTION)
    .option('--json', 'print JSON')
    .action(async (o: { data?: string; json?: boolean }) => {
      const dir = resolve(o.data ?? environment.dataDir ?? '.sightline')
      const findings = [
        {
          check: 'sightline',
          state: 'ok' as const,
          detail: `${version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
        },
        await disk(dir),
        openFiles(),
        ...(await models(environment)),
        await ffmpeg(),
        await redis(environment.redisUrl),
        await postgres(environment.databaseUrl),
        clock(),
      ]
      if (o.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
      else
        printTable(
          ['check', 'state', 'detail'],
          findings.map((f) => [f.check, f.state, f.detail]),
        )
      if (findings.some((f) => f.state === 'bad')) process.exitCode = 1
    })
}

async function disk(dir: string): Promise<Finding> {
  try {
    makeFolder(dir, 'CFG_DATA_DIR')
    await access(dir, constants.W_OK)
    const { bavail, bsize, files, ffree } = await statfs(dir)
    const free = bavail * bsize
    // Each image is a file. Volumes that make inodes as they need them say 0 of 0.
    const few = files > 0 && ffree < LOW_INODES
    return {
      check: 'data directory',
      state: free < LOW_DISK || few ? 'bad' : 'ok',
      detail: `${dir}, ${(free / 1e9).toFixed(1)} GB free${few ? `, room for ${ffree} files (inodes)` : ''}`,
    }
  } catch (error) {
    return { check: 'data directory', state: 'bad', detail: asCoded(error, 'CFG_DATA_DIR').message }
  }
}

function openFiles(): Finding {
  const [limit, workers] = [openFileLimit(), availableParallelism()]
  const least = openFilesFor(workers)
  const most = Number.isFinite(limit) ? String(limit) : 'any number'
  const detail = `this process may have ${most} open; a line with ${workers} inspection workers needs ${least}`
  return { check: 'open files', state: limit < least ? 'bad' : 'ok', detail }
}

async function models(environment: Environment): Promise<Finding[]> {
  const keys = await trustedKeys(environment)
  const findings: Finding[] = []
  const packages = await findPackages(modelDirs(environment), (b) =>
    findings.push({ check: `model ${b.dir}`, state: 'bad', detail: b.error.message }),
  )
  let sound: PackageInfo | null = null
  for (const model of packages) {
    const { id, version: v, dir } = model
    try {
      const m = await verifyModel(dir, { providers: ['cpu'], trustedKeys: keys })
      findings.push({
        check: `model ${id}`,
        state: 'ok',
        detail: `${v}, signed by ${m.signedBy}, ${m.goldenVectors} golden vectors reproduced on ${m.provider}`,
      })
      sound ??= model
    } catch (error) {
      findings.push({ check: `model ${id}`, state: 'bad', detail: asCoded(error, 'MDL_LOAD').message })
    }
  }
  return [...findings, ...(await providers(sound, keys))]
}

/**
 * Each provider that onnxruntime has here and a line file may name, by the golden vectors of one package.
 *
 * @param model a package that is in order on the CPU; null = there is none
 */
async function providers(model: PackageInfo | null, keys: TrustedKeys): Promise<Finding[]> {
  if (model === null)
    return [{ check: 'providers', state: 'absent', detail: 'no model package in order to try them with' }]
  const findings: Finding[] = []
  for (const name of listProviders().filter((n) => PROVIDERS.some((p) => p === n))) {
    const check = `provider ${name}`
    try {
      await verifyModel(model.dir, { providers: [name], trustedKeys: keys })
      findings.push({ check, state: 'ok', detail: `reproduces the golden vectors of ${model.id}` })
    } catch (error) {
      const { code, message } = asCoded(error, 'MDL_LOAD')
      // Only a line that names it needs it; one that runs and gives other numbers is wrong for all.
      findings.push({ check, state: code === 'MDL_PROVIDER' ? 'absent' : 'bad', detail: message })
    }
  }
  return findings
}

async function ffmpeg(): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-version'])
    return { check: 'ffmpeg', state: 'ok', detail: stdout.split('\n')[0] ?? '' }
  } catch {
    return { check: 'ffmpeg', state: 'absent', detail: 'needed by the ffmpeg camera adapter only' }
  }
}

async function redis(url: string | null): Promise<Finding> {
  if (url === null)
    return {
      check: 'Redis',
      state: 'absent',
      detail: 'SIGHTLINE_REDIS_URL is not set: frames are judged on this machine',
    }
  try {
    const missing = await (await redisQueue()).tryQueue(url)
    return {
      check: 'Redis',
      state: 'ok',
      detail: ['takes frames and jobs', missing].filter(Boolean).join('; '),
    }
  } catch (error) {
    return { check: 'Redis', state: 'bad', detail: asCoded(error, 'INS_QUEUE').message }
  }
}

async function postgres(url: string | null): Promise<Finding> {
  const check = 'PostgreSQL'
  if (url === null)
    return { check, state: 'absent', detail: 'SIGHTLINE_DATABASE_URL is not set: there is no plant store' }
  try {
    const db = await openPostgres(url, { connectMs: 3_000, statementMs: 3_000 })
    try {
      refuseEncoding(db)
      const version = db.get<{ server_version: string }>('show server_version')?.server_version
      const readOnly = db.get<{ transaction_read_only: string }>('show transaction_read_only')
      if (readOnly?.transaction_read_only === 'on')
        return {
          check,
          state: 'bad',
          detail: `${placeOf(url)} takes no writes, as a standby: lines cannot replicate to it`,
        }
      return { check, state: 'ok', detail: `${version ?? 'a version that it does not say'}, ${placeOf(url)}` }
    } finally {
      db.close()
    }
  } catch (error) {
    return { check, state: 'bad', detail: asCoded(error, 'TRC_PLANT').message }
  }
}

function clock(): Finding {
  const plausible = Date.now() > Date.parse('2026-01-01')
  return { check: 'clock', state: plausible ? 'ok' : 'bad', detail: new Date().toISOString() }
}
