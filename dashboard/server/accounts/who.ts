import { isIP } from 'node:net'
import type { Request, RequestHandler } from 'express'
import { CodedError, isLoopback, mustAllow, type Role } from '../../../contracts/index.ts'
import type { Account, AccountPort } from '../account-ports.ts'
import { hostOf, isProxied } from '../security.ts'
import { isDataDirToken, type Sessions } from './session.ts'

/** Who sends a request. */
export interface Who {
  role: string
  /** Name of the account; `local` at the line PC itself, else the address. */
  user: string
  /** Absent = nobody signed in. */
  account?: Account
  /** Id of the session, where it is one. */
  session?: string
}

const known = new WeakMap<Request, Who>()
const LOCAL: Who = { role: 'admin', user: 'local' }
const visitor = (req: Request): Who => ({ role: 'viewer', user: req.socket.remoteAddress ?? '' })

/** Before `identify`: without an account one may look, at this machine, too. */
export const everybodyIsVisitor: RequestHandler = (req, _res, next) => {
  known.set(req, visitor(req))
  next()
}

/**
 * Knows the holder of a session or token from here on. A command that can read the accounts of the data directory, and so
 * could change them, acts as the machine itself.
 *
 * @throws API_LOGIN for a token that is none
 */
export function identify(accounts: AccountPort, sessions: Sessions): RequestHandler {
  return (req, res, next) => {
    const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
    if (token !== undefined && isDataDirToken(token, accounts.key)) known.set(req, LOCAL)
    else if (token !== undefined) {
      const machine = accounts.byToken(token)
      if (machine === null) {
        res.set('WWW-Authenticate', 'Bearer')
        throw new CodedError('API_LOGIN', {
          expected: 'the token of an account',
          actual: 'another one',
          zh: { expected: '账户的令牌', actual: '不符' },
        })
      }
      known.set(req, as(machine))
    } else {
      const session = sessions.of(req.headers.cookie, isSecure(req))
      const account = session && accounts.find(session.account)
      if (session && account && account.stamp === session.stamp && !accounts.isEnded(session.id)) {
        known.set(req, { ...as(account), session: session.id })
        if (sessions.isOld(session))
          res.append(
            'Set-Cookie',
            sessions.begin({ account: account.id, stamp: account.stamp, id: session.id }, isSecure(req)),
          )
      }
    }
    next()
  }
}

const as = (account: Account): Who => ({ role: account.role, user: account.name, account })

/**
 * The account of a request. Without one, whoever sits at the line PC may do everything, everyone else may look. Behind a
 * proxy on this machine everybody has its address. One that does not say for whom it asks is known by the name of the
 * host.
 */
export function whoAsks(req: Request): Who {
  return known.get(req) ?? (isHere(req) ? LOCAL : visitor(req))
}

/** Address of who asks: a proxy on this machine adds it behind what it was told itself. */
export function whence(req: Request): string {
  const peer = req.socket.remoteAddress ?? ''
  if (!isLoopback(peer.replace(/^::ffff:/, ''))) return peer
  const told =
    String(req.headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1)
      ?.trim() ?? ''
  return isIP(told) === 0 ? peer : told
}

const isHere = (req: Request): boolean =>
  !isProxied(req) &&
  isLoopback((req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')) &&
  isLoopback(hostOf(req.headers.host ?? ''))

/** Whether nobody on the way can read the request: it came by https, here or to the proxy. */
export const isSecure = (req: Request): boolean =>
  'encrypted' in req.socket ||
  req.headers['x-forwarded-proto'] === 'https' ||
  /proto=https/i.test(String(req.headers['forwarded'] ?? ''))

/** Whether a password may come by it. */
export const mayBringPassword = (req: Request): boolean => isSecure(req) || isHere(req)

/** @throws API_ROLE */
export function mustHave(req: Request, role: Role): void {
  mustAllow(whoAsks(req).role, role)
}

/**
 * A person who is signed in answers for what is done, under the name of the account. Machines name the people that they
 * do it for.
 *
 * @param body one thing or a list of things with a name in `by`
 * @throws API_ACCOUNT
 */
export function mustBeSelf(req: Request, body: unknown): void {
  const { account } = whoAsks(req)
  if (account?.kind !== 'person') return
  for (const one of Array.isArray(body) ? (body as unknown[]) : [body]) {
    if (one === null || typeof one !== 'object' || !('by' in one) || typeof one.by !== 'string') continue
    if (one.by.trim() !== account.name)
      throw new CodedError('API_ACCOUNT', {
        path: 'by',
        expected: `${account.name}, who is signed in`,
        actual: one.by,
        zh: { expected: `登录者 ${account.name}` },
      })
  }
}

/** For routes that say which role they take: before anything is read of the body. */
export const roleGuard =
  (role: Role): RequestHandler =>
  (req, _res, next) => {
    mustHave(req, role)
    next()
  }

/** Behind the reader of the body. */
export const selfGuard: RequestHandler = (req, _res, next) => {
  mustBeSelf(req, req.body)
  next()
}
