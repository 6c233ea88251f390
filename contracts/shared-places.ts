import { z } from 'zod'
import type { IdentitySourceSpec } from './identity-source.schema.ts'

interface Checked {
  readers: readonly IdentitySourceSpec[]
  stations: readonly {
    id: string
    camera: { adapter: string; host?: string; port?: number }
    reject: { adapter: string; host?: string; port?: number; unit?: number; baseRegister?: number }
  }[]
  dashboard: { host: string; port: number; https?: { host?: string | undefined; port: number } | undefined }
}
type Path = (string | number)[]
type Issue = (path: Path, message: string) => void

/** Registers of one station: `REGISTER_MAP` of the line I/O. */
const BLOCK_WORDS = 16

/** Where such a block may begin. */
export const firstRegister = z
  .number()
  .int()
  .nonnegative()
  .max(65_536 - BLOCK_WORDS)

const EVERYWHERE = new Set(['0.0.0.0', '::'])

/** What two parts of a line would take from each other: ports they listen on, devices they read, registers of a PLC. */
export function checkSharedPlaces(spec: Checked, issue: Issue): void {
  each(
    portsOf(spec),
    (a, b) =>
      a.port === b.port &&
      (oneName(a.host) === oneName(b.host) || EVERYWHERE.has(a.host) || EVERYWHERE.has(b.host)),
    ({ path, port }, other) => issue(path, `a port of its own: ${other.owner} listens on ${port}`),
  )
  each(
    spec.readers.flatMap((r, i) => {
      const device = deviceOf(r)
      return device === null ? [] : { path: ['readers', i], device, id: r.id }
    }),
    (a, b) => a.device === b.device,
    ({ path, device }, other) => issue(path, `a device of its own: reader ${other.id} reads ${device}`),
  )
  each(
    spec.stations.flatMap(({ id, reject: { adapter, host, port, unit, baseRegister = 0 } }, i) =>
      adapter === 'modbus-tcp'
        ? {
            id,
            i,
            plc: `${host}:${port} unit ${unit}`,
            same: `${oneName(host ?? '')} ${port} ${unit}`,
            baseRegister,
          }
        : [],
    ),
    (a, b) => a.same === b.same && Math.abs(a.baseRegister - b.baseRegister) < BLOCK_WORDS,
    ({ i, plc }, other) =>
      issue(
        ['stations', i, 'reject', 'baseRegister'],
        `${BLOCK_WORDS} registers of its own: those of station ${other.id} begin at ${other.baseRegister} of ${plc}`,
      ),
  )
}

/** A host under one of its names, of which this machine has many. */
const oneName = (host: string): string =>
  /^(localhost\.?|127\.0\.0\.1|::1)$/i.test(host) ? 'localhost' : host.toLowerCase().replace(/\.$/, '')

/** Tells of each that is the same as one before it. */
function each<T>(
  list: readonly T[],
  same: (a: T, b: T) => boolean,
  found: (one: T, before: T) => void,
): void {
  for (const [n, one] of list.entries()) {
    const before = list.find((o, k) => k < n && same(o, one))
    if (before !== undefined) found(one, before)
  }
}

interface Listening {
  host: string
  port: number
  path: Path
  owner: string
}

/** Fixed ports; 0 is any free one. */
function portsOf({ readers, stations, dashboard }: Checked): Listening[] {
  const all: Listening[] = [{ ...dashboard, path: ['dashboard', 'port'], owner: 'the dashboard' }]
  const { https } = dashboard
  if (https) all.push({ host: '::', ...https, path: ['dashboard', 'https', 'port'], owner: 'https' })
  for (const [i, { id, camera }] of stations.entries())
    if (camera.adapter === 'http-push')
      all.push({
        host: camera.host ?? '',
        port: camera.port ?? 0,
        path: ['stations', i, 'camera', 'port'],
        owner: `station ${id}`,
      })
  for (const [i, r] of readers.entries())
    if (r.adapter === 'http-reads')
      all.push({ host: r.host, port: r.port, path: ['readers', i, 'port'], owner: `reader ${r.id}` })
  return all.filter(({ port }) => port !== 0)
}

/** What a reader takes for itself; topics of a broker may have several. */
function deviceOf(r: IdentitySourceSpec): string | null {
  if (r.adapter === 'scanner-serial' || r.adapter === 'scanner-keyboard') return r.path
  return r.adapter === 'scanner-tcp' || r.adapter === 'llrp' ? `${oneName(r.host)}:${r.port}` : null
}
