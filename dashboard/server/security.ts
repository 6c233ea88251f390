import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { Request, RequestHandler } from 'express'
import helmet from 'helmet'
import { RefusedError } from './errors.ts'

/**
 * Response headers that hold on plain http in a plant network: nothing upgrades to https, and the headers that
 * browsers only accept from secure origins are not sent. Styles may be inline because antd writes style elements.
 */
export const securityHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  })

/**
 * Refuses foreign host names, so that a web page that points its own name at this address (DNS rebinding) reads
 * nothing. Addresses, localhost and this machine's own name are always allowed.
 */
export function hostGuard(allowedHosts: readonly string[]): RequestHandler {
  const own = hostname().toLowerCase()
  const names = new Set(['localhost', own, `${own}.local`, ...allowedHosts.map((h) => h.toLowerCase())])
  return (req, _res, next) => {
    const host = hostOf(req.get('host') ?? '')
    if (!names.has(host) && isIP(host) === 0)
      throw new RefusedError(
        'a host name of this server',
        host || 'no Host header',
        'add it to dashboard.allowedHosts of the line file',
      )
    next()
  }
}

function hostOf(header: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(header)
  return (bracketed?.[1] ?? header.replace(/:\d+$/, '')).toLowerCase()
}

/** Guards what changes something against other web sites open in the same browser (cross-site request forgery). */
export const changeGuard: RequestHandler = (req, _res, next) => {
  const origin = req.get('origin')
  const foreign =
    origin !== undefined && hostOf(origin.replace(/^https?:\/\//, '')) !== hostOf(req.get('host') ?? '')
  if (foreign) throw new RefusedError('a request of this dashboard', `origin ${origin}`)
  next()
}

/** As long as there are no accounts: whoever sits at the line PC may do everything, everyone else may look. */
export function whoAsks(req: Request): { role: string; user: string } {
  const address = req.socket.remoteAddress ?? ''
  // Behind a proxy on this machine everybody would look like sitting at it.
  const proxied = req.headers['x-forwarded-for'] !== undefined || req.headers['forwarded'] !== undefined
  const here = !proxied && /^(127\.|::1$|::ffff:127\.)/.test(address)
  return here ? { role: 'admin', user: 'local' } : { role: 'viewer', user: address }
}
