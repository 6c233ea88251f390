import { validate } from '@readme/openapi-parser'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lifeRoutes, type LifeRouteParts } from '../../bin/life/routes.ts'
import { teachRoutes } from '../../bin/teach/routes.ts'
import type { TeachRuns } from '../../bin/teach/runs.ts'
import { openApiPath } from '../../dashboard/server/openapi.ts'
import type { IdentityPort, OperatorPort, ProofPort, ResolverPort } from '../../dashboard/server/ports.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'
import { Repository } from './samples/epcis-repository.ts'
import { leanHandlers } from './samples/dashboard-lean.ts'

let repository: Repository
let at: Served
let doc: {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

interface Operation {
  summary: string
  'x-summary-zh'?: string
  parameters?: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
}
type Content = Record<string, { schema: object }>

// Routes are described without a question to what answers them.
const asked = {} as LifeRouteParts & TeachRuns & OperatorPort & ProofPort & ResolverPort & IdentityPort

beforeAll(async () => {
  repository = await Repository.open()
  at = await serve(3, {
    epcis: repository.epcis,
    names: { resolver: asked, identity: asked },
    operators: asked,
    proof: asked,
    modules: { handlers: [...leanHandlers, ...lifeRoutes(asked), ...teachRoutes(asked)] },
  })
  doc = (await (await fetch(`${at.url}/openapi.json`)).json()) as typeof doc
})
afterAll(async () => {
  await at.dashboard.close()
  await repository.remove()
})

/** Every path Express answers, from its own routing table, the pages left out. */
const mounted = (): string[] => {
  const stack = (
    at.dashboard.app.router as unknown as { stack: { route?: { path: string; methods: object } }[] }
  ).stack
  return stack
    .flatMap((layer) => (layer.route ? [layer.route] : []))
    .filter((route) => !route.path.startsWith('/{'))
    .flatMap((route) => Object.keys(route.methods).map((m) => `${m} ${openApiPath(route.path)}`))
}

describe('OpenAPI', () => {
  it('holds every route and nothing else', () => {
    const documented = Object.entries(doc.paths).flatMap(([path, ops]) =>
      Object.keys(ops).map((method) => `${method} ${path}`),
    )
    expect(mounted().length).toBeGreaterThan(14)
    expect(documented.toSorted()).toEqual(mounted().toSorted())
  })

  it('is version 3.1, resolves every reference and declares every path parameter', () => {
    expect(doc.openapi).toBe('3.1.0')
    for (const [ref] of JSON.stringify(doc).matchAll(/#\/[^"]+/g)) {
      const found = ref
        .slice(2)
        .split('/')
        .reduce<unknown>((o, key) => (o as Record<string, unknown> | undefined)?.[key], doc)
      expect(found, ref).toBeDefined()
    }
    for (const [path, ops] of Object.entries(doc.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
      for (const op of Object.values(ops)) {
        const declared = (op.parameters ?? []).filter((p) => p.in === 'path')
        expect(declared.map((p) => p.name)).toEqual(names)
        expect(declared.every((p) => p.required)).toBe(true)
        expect(Object.keys(op.responses).length).toBeGreaterThan(0)
      }
    }
  })

  it('is valid by a validator of others, and each schema by the metaschema of JSON Schema', async () => {
    expect(await validate(structuredClone(doc) as never)).toMatchObject({ valid: true })
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const schemas = Object.values(doc.paths)
      .flatMap((ops) => Object.values(ops))
      .flatMap((op) => [
        ...(op.parameters ?? []).map((p) => p.schema),
        ...[op.requestBody, ...Object.values(op.responses)].flatMap((m) =>
          Object.values(m?.content ?? {}).map((media) => media.schema),
        ),
      ])
    for (const schema of [...schemas, ...Object.values(doc.components.schemas)])
      expect(ajv.validateSchema(schema), JSON.stringify([schema, ajv.errors])).toBe(true)
  })

  it('has patterns that match what is sent', () => {
    const operator = doc.paths['/api/line/operator']?.['post']?.requestBody?.content['application/json']
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    expect(ajv.validate(operator?.schema ?? {}, { station: 'st10', operator: '李雷' })).toBe(true)
    const patterns = [...JSON.stringify(doc).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      (m) => JSON.parse(m[1] ?? '') as string,
    )
    expect(patterns.length).toBeGreaterThan(20)
    expect(patterns.filter((p) => /\/[a-z]+$/.test(p))).toEqual([])
  })

  it('has no default that its own schema refuses', () => {
    const ajv = new Ajv2020({ strict: false })
    const wrong = Object.entries(doc.paths).flatMap(([path, operations]) =>
      Object.values(operations)
        .flatMap((o) => o.parameters ?? [])
        .filter(({ schema }) => 'default' in schema && !ajv.validate(schema, schema.default))
        .map(({ name }) => `${path} ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('says what each own route does in both languages', () => {
    for (const [path, ops] of Object.entries(doc.paths))
      for (const op of Object.values(ops)) {
        expect(op.summary, path).toMatch(/\w/)
        expect(op['x-summary-zh'], path).toMatch(/[\u4e00-\u9fff]|Prometheus|OpenAPI/)
      }
  })

  it('is a page without scripts or foreign addresses', async () => {
    for (const [lang, word] of [
      ['en', 'The life of a serial'],
      ['zh', '一个序列号的履历'],
    ] as const) {
      const page = await (await fetch(`${at.url}/docs?lang=${lang}`)).text()
      expect(page).toContain(word)
      expect(page).toContain('/api/parts/{inspectionId}')
      expect(page).not.toMatch(/<script|src=|href="http/)
    }
  })
})
