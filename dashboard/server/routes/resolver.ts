import { identityChangedSchema } from '../../../contracts/index.ts'
import { badRequest, notFound } from '../errors.ts'
import { jsonBody } from '../json-body.ts'
import type { IdentityPort, Resolved, ResolverPort } from '../ports.ts'
import { check, type Route } from '../route.ts'
import { changeGuard } from '../security.ts'
import { z } from '../zod.ts'

const LINKSET = 'application/linkset+json'
/**
 * A label may carry more in the query, dates, weights and its owner's own parameters (URI Syntax 1.4, section 4.10): they
 * say nothing about who the part is.
 */
const linkQuery = z.looseObject({ linkType: z.string().max(200).optional() })
const handleParams = z.strictObject({ prefix: z.string().max(64), suffix: z.string().min(1).max(256) })

/** Resolution of identities: GS1 Digital Link (GS1-Conformant Resolver Standard 1.1) and handles (标识解析). */
export function resolverRoutes(resolver: ResolverPort, identity: IdentityPort): Route[] {
  const page = (resolved: Resolved, linkType: string | undefined): string => {
    const wanted = linkType?.replace(/^gs1:/, '')
    const link =
      wanted === undefined || wanted === 'defaultLink'
        ? resolved.links[0]
        : resolved.links.find((l) => l.linkType === wanted)
    if (link) return link.href
    throw notFound(`a link of type ${resolved.links.map((l) => l.linkType).join(', ')}`, wanted ?? '')
  }
  return [
    {
      method: 'get',
      path: '/id/*path',
      tag: 'genealogy',
      summary: {
        zh: 'GS1 Digital Link 解析:307 转到工件页,或 linkset',
        en: 'GS1 Digital Link: 307 to the page of the part, or its linkset (Accept: application/linkset+json, linkType=linkset)',
      },
      params: z.object({ path: z.string() }),
      query: linkQuery,
      contentType: LINKSET,
      response: z.object({ linkset: z.array(z.record(z.string(), z.unknown())) }),
      otherStatuses: { 307: { means: 'To the page of the part, for a browser' } },
      async run(req, res) {
        const { linkType } = check(linkQuery, req.query, 'query')
        const path = req.path.slice('/id'.length)
        const resolved = await resolver.resolve(path, `${req.protocol}://${req.get('host') ?? ''}`)
        if (resolved === null) throw notFound('an identity on record', path.slice(0, 120))
        res.set({
          'Cache-Control': 'no-store',
          Vary: 'Accept',
          Link: `<${resolved.canonical}>; rel="canonical"`,
        })
        const asks =
          linkType === 'linkset' || linkType === 'all' || req.accepts(['text/html', LINKSET]) === LINKSET
        if (asks) res.type(LINKSET).send(JSON.stringify(resolved.linkset))
        else res.redirect(307, page(resolved, linkType))
      },
    },
    {
      method: 'get',
      path: '/.well-known/gs1resolver',
      tag: 'genealogy',
      summary: { zh: '解析器说明', en: 'What this resolver can do' },
      response: z.object({
        name: z.string(),
        resolverRoot: z.string(),
        supportedPrimaryKeys: z.array(z.string()),
      }),
      async run(req, res) {
        await Promise.resolve()
        res.json({
          name: 'Sightline',
          resolverRoot: `${req.protocol}://${req.get('host') ?? ''}/id`,
          supportedPrimaryKeys: ['all'],
        })
      },
    },
    {
      method: 'get',
      path: '/api/handles/:prefix/:suffix',
      tag: 'genealogy',
      summary: {
        zh: '标识解析:Handle 记录',
        en: 'Handle record of an identity, as the proxy of the Handle system gives it',
      },
      params: handleParams,
      response: z.object({
        responseCode: z.number(),
        handle: z.string(),
        values: z.array(z.unknown()).optional(),
      }),
      otherStatuses: { 404: { means: 'Not found, in the words of the Handle system', body: true } },
      async run(req, res) {
        const { prefix, suffix } = check(handleParams, req.params, 'path')
        const record = await resolver.handle(prefix, suffix, `${req.protocol}://${req.get('host') ?? ''}`)
        res.set('Cache-Control', 'no-store')
        // Response codes of the Handle system: 1 = success, 100 = handle not found (RFC 3652, section 2.2.1).
        if (record === null) res.status(404).json({ responseCode: 100, handle: `${prefix}/${suffix}` })
        else res.json({ responseCode: 1, ...record })
      },
    },
    {
      method: 'post',
      path: '/api/identity',
      role: 'qa',
      tag: 'genealogy',
      summary: {
        zh: '合并或拆分工件身份,作为事件记录',
        en: 'Merges or splits identities of parts, as an event',
      },
      body: identityChangedSchema,
      response: z.object({ change: identityChangedSchema }),
      guards: [changeGuard, ...jsonBody(64)],
      async run(req, res) {
        if (req.body === undefined) throw badRequest('a JSON body', 'none', 'body')
        const change = await identity.change(check(identityChangedSchema, req.body, 'body'))
        res.set('Cache-Control', 'no-store').json({ change })
      },
    },
  ]
}
