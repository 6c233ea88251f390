import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWith } from '../services/require-service.ts'
import { serve } from './samples/dashboard-serve.ts'
import type { Json } from './samples/epcis-documents.ts'
import { Repository } from './samples/epcis-repository.ts'

const samples = process.env['SIGHTLINE_SAMPLES'] ?? join(import.meta.dirname, '../../../shared/data')
const standard = join(samples, 'standards/epcis')
describeWith('SIGHTLINE_SAMPLES', existsSync(standard), "the standard's own interface and examples", () => {
  const files = (dir: string): string[] =>
    readdirSync(dir).flatMap((name) => {
      const path = join(dir, name)
      return statSync(path).isDirectory() ? files(path) : path.endsWith('.jsonld') ? [path] : []
    })

  it('has every path and method', async () => {
    const repository = await Repository.open()
    const served = await serve(1, { epcis: repository.epcis })
    const { paths } = JSON.parse(readFileSync(join(standard, 'openapi.json'), 'utf8')) as {
      paths: Record<string, Record<string, unknown>>
    }
    const own = (await (await fetch(`${served.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const methods = ['get', 'post', 'delete', 'options']
    const missing = Object.entries(paths).flatMap(([path, item]) =>
      methods
        .filter((m) => item[m] !== undefined)
        .filter((m) => own.paths[`/epcis${path === '/' ? '' : path}`]?.[m] === undefined)
        .map((m) => `${m} ${path}`),
    )
    expect(Object.keys(paths)).toHaveLength(29)
    expect(missing).toEqual([])
    for (const path of Object.keys(paths)) {
      const url = `${served.url}/epcis${path.replace(/\{\w+\}/g, 'x')}`
      const { status } = await fetch(url, { method: 'OPTIONS' })
      const options = paths[path]?.['options'] as { responses: Record<string, unknown> } | undefined
      expect([path, status]).toEqual([path, options?.responses['404'] === undefined ? 204 : 404])
    }
    await served.dashboard.close()
    await repository.remove()
  })

  it('has every parameter of each, and a body where it has one', async () => {
    const repository = await Repository.open()
    const served = await serve(1, { epcis: repository.epcis })
    interface Item {
      parameters?: { $ref?: string; name?: string }[]
      requestBody?: object
    }
    type Paths = Record<string, Record<string, Item> & { parameters?: Item['parameters'] }>
    const { paths, components } = JSON.parse(readFileSync(join(standard, 'openapi.json'), 'utf8')) as {
      paths: Paths
      components: { parameters: Record<string, { name: string }> }
    }
    const own = (await (await fetch(`${served.url}/openapi.json`)).json()) as { paths: Paths }
    const nameOf = ({ $ref = '', name }: { $ref?: string; name?: string }): string =>
      name ?? components.parameters[$ref.split('/').at(-1) ?? '']?.name ?? $ref
    const missing = Object.entries(paths).flatMap(([path, item]) =>
      ['get', 'post', 'delete'].flatMap((method) => {
        const asked = item[method]
        if (asked === undefined) return []
        const { parameters = [], requestBody } =
          own.paths[`/epcis${path === '/' ? '' : path}`]?.[method] ?? {}
        const declared = parameters.map(nameOf)
        const wanted = [...(item.parameters ?? []), ...(asked.parameters ?? [])].map(nameOf)
        return [
          ...wanted.filter((name) => !declared.includes(name)),
          ...(asked.requestBody !== undefined && requestBody === undefined ? ['body'] : []),
        ].map((name) => `${method} ${path} ${name}`)
      }),
    )
    // Nothing is answered in XML, so that there is no form of it to choose.
    expect(missing.filter((name) => !name.endsWith(' GS1-CBV-XML-Format'))).toEqual([
      // Values are listed as they were recorded.
      'get /epcs GS1-EPC-Format',
      'get /bizLocations GS1-EPC-Format',
      // One member needs no pages.
      'get /bizLocations/{bizLocation} perPage',
      'get /bizLocations/{bizLocation} nextPageToken',
      'get /readPoints GS1-EPC-Format',
      'get /readPoints/{readPoint} perPage',
      'get /readPoints/{readPoint} nextPageToken',
      // The path says it.
      'get /dispositions/{disposition}/events EQ_disposition',
    ])
    await served.dashboard.close()
    await repository.remove()
  })

  it('gives every example back as it was', async () => {
    const fresh = await Repository.open()
    for (const file of files(join(standard, 'examples'))) {
      const text = readFileSync(file, 'utf8')
      const document = JSON.parse(text) as Json
      const body = document['epcisBody'] as {
        eventList?: Json[]
        queryResults?: { resultsBody: { eventList: Json[] } }
      }
      const sent = body.eventList ?? body.queryResults?.resultsBody.eventList ?? []
      const { success, errors } = await fresh.epcis.capture.document(text, 'rollback')
      // Two of the examples share an event id, so that the second is refused.
      if (!success && errors[0]?.exception === 'ResourceAlreadyExistsException') continue
      expect([file, success]).toEqual([file, true])
      for (const event of sent) {
        const found =
          event['eventID'] === undefined
            ? await fresh.found({ GE_eventTime: [String(event['eventTime'])] })
            : await fresh.found({ EQ_eventID: [String(event['eventID'])] })
        const plain = found.map((e) => ({ ...e, recordTime: event['recordTime'] }))
        const given = plain.map((e) => (event['eventID'] === undefined ? { ...e, eventID: undefined } : e))
        expect(given.map((e) => JSON.parse(JSON.stringify(e)) as Json)).toContainEqual(event)
      }
    }
    await fresh.remove()
  })
})
