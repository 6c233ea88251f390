import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiPath } from '../../dashboard/server/openapi.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

let at: Served
let doc: { openapi: string; paths: Record<string, Record<string, Operation>>; components: object }

interface Operation {
  summary: string
  'x-summary-zh'?: string
  parameters?: { name: string; in: string; required?: boolean }[]
  responses: Record<string, unknown>
}

beforeAll(async () => {
  at = await serve(3)
  doc = (await (await fetch(`${at.url}/openapi.json`)).json()) as typeof doc
})
afterAll(() => at.dashboard.close())

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
