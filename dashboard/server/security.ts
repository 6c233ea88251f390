import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { RequestHandler } from 'express'
import helmet from 'helmet'
import { badRequest, RefusedError } from './errors.ts'

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
  return (req, _res, next) => {
    const host = req.get('host') ?? ''
    if (!allowedHost(host, allowedHosts))
      throw new RefusedError(
        'a host name of this server',
        hostOf(host) || 'no Host header',
        'add it to dashboard.allowedHosts of the line file',
      )
    next()
  }
}

/** Refuses a NUL in path or query: no name has one, and the databases behind every question refuse it later. */
export const urlGuard: RequestHandler = (req, _res, next) => {
  if (req.originalUrl.includes('%00')) throw badRequest('a URL without NUL', '%00')
  next()
}

/** Whether a Host header names this server. */
export function allowedHost(header: string, allowedHosts: readonly string[]): boolean {
  const host = hostOf(header)
  const own = hostname().toLowerCase()
  const names = ['localhost', own, `${own}.local`, ...allowedHosts.map((h) => h.toLowerCase())]
  return names.includes(host) || isIP(host) !== 0
}

export function hostOf(header: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(header)
  return (bracketed?.[1] ?? header.replace(/:\d+$/, '')).toLowerCase()
}

/**
 * Guards what changes something against other web sites open in the same browser (cross-site request forgery). A page of
 * another port of this machine has its host name; browsers say of it `Sec-Fetch-Site: same-site` (W3C Fetch Metadata).
 */
export const changeGuard: RequestHandler = (req, _res, next) => {
  const foreign = foreignPage(req)
  if (foreign !== null) throw new RefusedError('a request of this dashboard', foreign)
  next()
}

type Asked = Pick<IncomingMessage, 'headers' | 'httpVersion'>

/**
 * What shows that a request comes from a page of another server or port; null where it comes from none. Over plain http
 * from another machine the origin alone says so. A proxy may hand on the name of the host without its port.
 */
export function foreignPage(req: Asked): string | null {
  const { origin, host = '', 'sec-fetch-site': site = 'none' } = req.headers
  if (origin !== undefined && !isOwn(origin, host, isProxied(req))) return `origin ${origin}`
  return site === 'same-origin' || site === 'none' ? null : `Sec-Fetch-Site: ${String(site)}`
}

function isOwn(origin: string, host: string, anyPort: boolean): boolean {
  const [, scheme = '', at = ''] = /^(https?):\/\/([^/]+)$/i.exec(origin) ?? []
  const page = `${scheme}://${host}`
  if (!URL.canParse(origin) || !URL.canParse(page)) return false
  return anyPort ? hostOf(at) === hostOf(host) : new URL(origin).host === new URL(page).host
}

/**
 * Whatever a proxy adds shows it. nginx that is not told otherwise adds nothing, and speaks HTTP/1.0; from 1.29.7 on it
 * speaks HTTP/1.1, and nothing shows it (docs/SETUP.md says what it is to be told).
 */
export const isProxied = ({ headers, httpVersion }: Asked): boolean =>
  httpVersion === '1.0' ||
  Object.keys(headers).some((name) => /^(x-forwarded-.+|forwarded|via|x-real-ip)$/.test(name))
