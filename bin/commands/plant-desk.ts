import { resolve } from 'node:path'
import type { Command } from 'commander'
import { shortName, PlantDesk, openPlant } from '../../traceability/index.ts'
import { CodedError } from '../../contracts/index.ts'
import type { PlantServerOptions } from '../plant/server.ts'
import type { Environment } from '../setup/environment.ts'
import { onStop } from '../setup/on-stop.ts'
import { whole } from '../terminal/options.ts'
import { plantAddress, plantQuery } from '../plant/address.ts'
import { printTable } from '../terminal/table.ts'
import { holdFact } from './hold.ts'

interface HoldOptions {
  schema: string
  by?: string
  reason?: string
}

interface ServeOptions {
  schema: string
  port: number
  host: string
  allowHost?: string[]
  data?: string
  plainSignIn?: boolean
  localAdmin: boolean
  httpsPort: number
  httpsHost?: string
  httpsCertificate?: string
  httpsKey?: string
  checkEvery: number
}

/** `plant hold`, `plant release`, `plant serve`. */
export function addPlantDesk(plant: Command, environment: Environment): void {
  plant
    .command('hold [target]')
    .description('hold a lot by name, or unit/…, supplier/…, on all lines; without a target: what is on hold')
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--reason <text>', 'why, as record and pages will show it')
    .option('--by <name>', 'who places the hold')
    .action((target: string | undefined, o: HoldOptions) =>
      target === undefined ? list(o.schema, environment) : state('hold', target, o, environment),
    )
  plant
    .command('release <target>')
    .description('end the holds of a lot, unit, supplier or station, wherever they were placed')
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--reason <text>', 'why it may go on')
    .option('--by <name>', 'who releases it')
    .action((target: string, o: HoldOptions) => state('release', target, o, environment))
  plant
    .command('serve')
    .description('pages and API over the records of all lines')
    .option('--schema <name>', 'schema of the plant', 'sightline')
    .option('--port <n>', 'port', whole(0, 65_535), environment.port ?? 8415)
    .option('--host <address>', 'address', environment.host ?? '127.0.0.1')
    .option('--allow-host <name...>', 'host names besides localhost and that of this machine')
    .option('--data <dir>', 'directory of its accounts (default: SIGHTLINE_DATA_DIR, else .sightline)')
    .option('--plain-sign-in', 'take passwords over plain http from other machines, too')
    .option('--no-local-admin', 'at this machine, too, it takes an account to change something')
    .option(
      '--https-certificate <file>',
      'serve other machines by https, too: PEM file of the certificate and those above it',
    )
    .option('--https-key <file>', 'PEM file of its private key, without a passphrase')
    .option('--https-port <n>', 'port for https', whole(0, 65_535), 8443)
    .option('--https-host <address>', 'address for https (default: all of this machine)')
    .option('--check-every <minutes>', 'pause between two checks of all logs', whole(1, 10_080), 60)
    .action((o: ServeOptions) => serve(o, environment))
}

async function state(
  kind: 'hold' | 'release',
  target: string,
  o: HoldOptions,
  environment: Environment,
): Promise<void> {
  const fact = holdFact(kind, target, o)
  const { url, schema } = plantAddress(o.schema, environment)
  const db = await openPlant(url, schema)
  try {
    const { position, id } = new PlantDesk(db).record(fact)
    process.stdout.write(`${JSON.stringify({ [kind]: target, position, id })}\n`)
  } finally {
    db.close()
  }
}

async function list(schema: string, environment: Environment): Promise<void> {
  const query = await plantQuery(schema, environment)
  try {
    printTable(
      ['on hold', 'since', 'by', 'at', 'reason'],
      query
        .holds()
        .filter((h) => h.releasedAt === null)
        .map((h) => [shortName(h.target), h.at, h.by, h.originLog ?? '', h.reason]),
    )
  } finally {
    query.close()
  }
}

/** @throws CFG_INVALID for one file without the other */
function httpsOf(o: ServeOptions): Pick<PlantServerOptions, 'https'> {
  const { httpsCertificate: certificate, httpsKey: key, httpsHost: host, httpsPort: port } = o
  if (certificate === undefined && key === undefined) return {}
  if (certificate === undefined || key === undefined)
    throw new CodedError('CFG_INVALID', {
      path: certificate === undefined ? '--https-certificate' : '--https-key',
      expected: 'the files of both certificate and key',
      actual: 'one of them',
    })
  return { https: { host, port, certificate: resolve(certificate), key: resolve(key) } }
}

async function serve(o: ServeOptions, environment: Environment): Promise<void> {
  const { url, schema } = plantAddress(o.schema, environment)
  // The other commands need no server.
  const { startPlantServer } = await import('../plant/server.ts')
  const server = await startPlantServer({
    url,
    schema,
    host: o.host,
    port: o.port,
    allowedHosts: o.allowHost ?? [],
    dataDir: resolve(o.data ?? environment.dataDir ?? '.sightline'),
    plainSignIn: o.plainSignIn ?? false,
    localAdmin: o.localAdmin,
    ...httpsOf(o),
    checkEveryMs: o.checkEvery * 60_000,
  })
  onStop(() => void server.stop().then(() => process.exit(0)))
  // Last: whoever reads this line may stop the server at once.
  process.stdout.write(`${JSON.stringify({ plant: schema, url: server.url, pid: process.pid })}\n`)
}
