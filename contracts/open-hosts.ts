import type { IdentitySourceSpec } from './identity-source.schema.ts'

interface Checked {
  readers: readonly IdentitySourceSpec[]
  stations: readonly { camera: { adapter: string; host?: string; token?: string | undefined } }[]
}
type Path = (string | number)[]

/** Whether a host name or address is this machine alone, as written: names are not resolved. */
export const isLoopback = (host: string): boolean => /^(localhost\.?|::1|127(\.\d{1,3}){3})$/i.test(host)

/** Whoever reaches what listens for frames or reads can speak for parts: beyond this machine it needs a token. */
export function checkTokens(
  { readers, stations }: Checked,
  issue: (path: Path, message: string) => void,
): void {
  const need = (path: Path, host = '', token?: string): void => {
    if (token === undefined && !isLoopback(host))
      issue([...path, 'token'], `a token of 16 or more characters, because ${host} is not a loopback address`)
  }
  for (const [i, { camera }] of stations.entries())
    if (camera.adapter === 'http-push') need(['stations', i, 'camera'], camera.host, camera.token)
  for (const [i, r] of readers.entries())
    if (r.adapter === 'http-reads') need(['readers', i], r.host, r.token)
}
