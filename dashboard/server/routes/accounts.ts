import type { Request, Response } from 'express'
import { CodedError, type Role } from '../../../contracts/index.ts'
import type { AccountPort, Doer } from '../account-ports.ts'
import type { Sessions } from '../accounts/session.ts'
import { isSecure, mayBringPassword, whence, whoAsks } from '../accounts/who.ts'
import { jsonBody } from '../json-body.ts'
import { check, type Route } from '../route.ts'
import {
  accountChangeBodySchema,
  accountParams,
  accountsChangedSchema,
  accountsSchema,
  meSchema,
  newAccountBodySchema,
  ownPasswordBodySchema,
  signedOutSchema,
  signInBodySchema,
} from '../schemas/accounts.schema.ts'
import { changeGuard } from '../security.ts'
import type { z } from '../zod.ts'

type Me = z.infer<typeof meSchema>

const body = jsonBody(4)
const tag = 'accounts'

export interface AccountRoutesOptions {
  /** Absent = there are none: who sits at the machine may do everything, others may look. */
  accounts?: { port: AccountPort; sessions: Sessions }
  /** Passwords are taken over plain http from other machines, too. */
  plainSignIn: boolean
}

/** Who asks, signing in and out, and the accounts themselves. */
export function accountRoutes({ accounts, plainSignIn }: AccountRoutesOptions): Route[] {
  const maySignIn = (req: Request): boolean => plainSignIn || mayBringPassword(req)
  const me = (req: Request): Me => {
    const { role, account } = whoAsks(req)
    return {
      role: role as Role,
      account: account ? { id: account.id, name: account.name, kind: account.kind } : null,
      accounts: accounts !== undefined,
      maySignIn: maySignIn(req),
    }
  }
  const answer = (res: Response, value: object): void => {
    res.set('Cache-Control', 'no-store').json(value)
  }
  const whoIAm: Route = {
    method: 'get',
    path: '/api/me',
    tag,
    summary: { zh: '当前访问者及其角色', en: 'Who asks, and the role' },
    response: meSchema,
    run: (req, res) => Promise.resolve(answer(res, me(req))),
  }
  if (accounts === undefined) return [whoIAm]
  const { port, sessions } = accounts
  const doer = (req: Request): Doer => ({ by: whoAsks(req).user, from: whence(req) })
  const mustBeUnread = (req: Request): void => {
    if (!maySignIn(req))
      throw new CodedError('API_LOGIN', {
        expected: 'https, so that nobody on the way reads the password',
        actual: 'http from another machine',
        hint: 'set dashboard.https, or dashboard.plainSignIn where the network is trusted',
        zh: {
          expected: '使用 https,以免密码被他人读取',
          actual: '来自其他机器的 http',
          hint: '请设置 dashboard.https;网络可信时可设置 dashboard.plainSignIn',
        },
      })
  }
  const list = () => ({ accounts: port.list() })
  return [
    whoIAm,
    {
      method: 'post',
      path: '/api/me/sign-in',
      tag,
      summary: { zh: '登录', en: 'Signs in' },
      body: signInBodySchema,
      response: meSchema,
      guards: [changeGuard, ...body],
      async run(req, res) {
        mustBeUnread(req)
        const { account: id, password } = check(signInBodySchema, req.body, 'body')
        const account = await port.signIn(id, password, whence(req))
        res.append('Set-Cookie', sessions.begin({ account: account.id, stamp: account.stamp }, isSecure(req)))
        answer(res, {
          role: account.role,
          account: { id: account.id, name: account.name, kind: account.kind },
          accounts: true,
          maySignIn: true,
        } satisfies Me)
      },
    },
    {
      method: 'post',
      path: '/api/me/sign-out',
      tag,
      summary: { zh: '退出登录', en: 'Signs out' },
      response: signedOutSchema,
      guards: [changeGuard],
      run(req, res) {
        const { session } = whoAsks(req)
        if (session !== undefined) port.end(session, sessions.over())
        res.append('Set-Cookie', sessions.end(isSecure(req)))
        answer(res, { signedOut: true } satisfies z.infer<typeof signedOutSchema>)
        return Promise.resolve()
      },
    },
    {
      method: 'post',
      path: '/api/me/password',
      tag,
      summary: { zh: '修改自己的密码;其他会话随之结束', en: 'Changes the own password; other sessions end' },
      body: ownPasswordBodySchema,
      response: meSchema,
      guards: [changeGuard, ...body],
      async run(req, res) {
        mustBeUnread(req)
        const { account } = whoAsks(req)
        if (account?.kind !== 'person')
          throw new CodedError('API_LOGIN', {
            expected: 'a person who is signed in',
            actual: 'nobody',
            zh: { expected: '已登录的人员', actual: '未登录' },
          })
        const { old, password } = check(ownPasswordBodySchema, req.body, 'body')
        await port.signIn(account.id, old, whence(req))
        await port.change(account.id, { password }, doer(req))
        const { stamp = '' } = port.find(account.id) ?? {}
        res.append('Set-Cookie', sessions.begin({ account: account.id, stamp }, isSecure(req)))
        answer(res, me(req))
      },
    },
    {
      method: 'get',
      path: '/api/accounts',
      tag,
      role: 'admin',
      summary: { zh: '账户', en: 'The accounts' },
      response: accountsSchema,
      run: (_req, res) => Promise.resolve(answer(res, list())),
    },
    {
      method: 'post',
      path: '/api/accounts',
      tag,
      role: 'admin',
      summary: {
        zh: '新建账户:人员用密码,设备用令牌(仅显示一次)',
        en: 'Makes an account: of a person with a password, of a machine with a token, shown once',
      },
      body: newAccountBodySchema,
      response: accountsChangedSchema,
      guards: [changeGuard, ...body],
      async run(req, res) {
        mustBeUnread(req)
        const { id, name = id, role, password } = check(newAccountBodySchema, req.body, 'body')
        answer(res, { ...(await port.add({ id, name, role, password }, doer(req))), ...list() })
      },
    },
    {
      method: 'post',
      path: '/api/accounts/:id',
      tag,
      role: 'admin',
      summary: {
        zh: '修改名称、角色、密码或令牌;其会话随之结束',
        en: 'Changes name, role, password or token; its sessions end',
      },
      params: accountParams,
      body: accountChangeBodySchema,
      response: accountsChangedSchema,
      guards: [changeGuard, ...body],
      async run(req, res) {
        mustBeUnread(req)
        const { id } = check(accountParams, req.params, 'path')
        const change = check(accountChangeBodySchema, req.body, 'body')
        answer(res, { ...(await port.change(id, change, doer(req))), ...list() })
      },
    },
    {
      method: 'delete',
      path: '/api/accounts/:id',
      tag,
      role: 'admin',
      summary: { zh: '删除账户;其会话随之结束', en: 'Removes an account; its sessions end' },
      params: accountParams,
      response: accountsSchema,
      guards: [changeGuard],
      run(req, res) {
        port.remove(check(accountParams, req.params, 'path').id, doer(req))
        answer(res, list())
        return Promise.resolve()
      },
    },
  ]
}
