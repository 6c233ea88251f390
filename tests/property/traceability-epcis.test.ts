import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { EpcisError } from '../../contracts/index.ts'
import { faultsOf, readDocument } from '../../traceability/epcis/check-document.ts'
import { prepareItem } from '../../traceability/epcis/prepare-item.ts'
import { compileQuery } from '../../traceability/epcis/query-compile.ts'
import { paramsOfUrl } from '../../traceability/epcis/query-params.ts'
import { describeWith } from '../services/require-service.ts'
import { Draw, epcisDocument, event, type Json } from '../unit/samples/epcis-documents.ts'
import { FAULTS } from '../unit/samples/epcis-faults.ts'

/** Documents of each kind; 100,000 of each take some minutes (`npm run test:long`). */
const RUNS = Number(process.env['SIGHTLINE_EPCIS_DOCUMENTS'] ?? 20_000)
const SEED = 20260105

/** Faults; anything but an EpcisError is thrown on. */
function faults(text: string): readonly { pointer: string }[] {
  try {
    const document = readDocument(text)
    return document.events.flatMap((e) => faultsOf(e, document))
  } catch (error) {
    if (error instanceof EpcisError) return error.faults
    throw error
  }
}

const VALUES = [
  'x',
  5,
  null,
  true,
  {},
  [],
  'urn:a:b',
  '',
  -1,
  '2020-13-01T00:00:00Z',
  [[]],
  { '@context': 5 },
]
const NAMES = [
  'foo',
  'ext:new',
  'type',
  'action',
  'ilmd',
  'id',
  'http://a.b/c',
  'epcList',
  'nope:x',
  '@context',
]
const SIGNS = ['é', ' ', '%', '\u0000', '#', '[', '"', '9', '/', ':', '?', 'T', 'Z', '\\', '\u2028']

/** Changes one place of the body: removes, replaces, garbles, adds, doubles. */
function mutated(d: Draw, document: Json): Json {
  const copy = structuredClone(document)
  const places: [Json, string][] = []
  const walk = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return
    for (const key of Object.keys(value)) {
      places.push([value as Json, key])
      walk((value as Json)[key])
    }
  }
  walk(copy)
  const [holder, key] = d.of(places)
  const value = holder[key]
  const change = d.below(5)
  if (change === 0) delete holder[key]
  else if (change === 1) holder[key] = structuredClone(d.of<unknown>(VALUES))
  else if (change === 2 && typeof value === 'string') {
    const i = d.below(value.length + 1)
    holder[key] = value.slice(0, i) + d.of(SIGNS) + value.slice(i + d.below(2))
  } else if (change === 3) holder[d.of(NAMES)] = structuredClone(d.of<unknown>(VALUES))
  else if (Array.isArray(value)) value.push(value[0])
  return copy
}

describe(`${RUNS} EPCIS documents of each kind (seed ${SEED})`, { timeout: 120_000 + 20 * RUNS }, () => {
  it('are taken when valid, and refused at the place of a fault that was put in', () => {
    for (let i = 0; i < RUNS; i++) {
      const draw = new Draw(SEED + i)
      const valid = event(draw)
      const found = faults(JSON.stringify(epcisDocument([valid])))
      if (found.length > 0)
        throw new Error(`seed ${SEED + i}: ${JSON.stringify(found)} in ${JSON.stringify(valid)}`)
      const name = draw.of(Object.keys(FAULTS))
      const put = FAULTS[name]?.(valid, draw)
      if (!put) continue
      const places = faults(JSON.stringify(epcisDocument([put.event]))).map((f) => f.pointer)
      if (!places.includes(`/epcisBody/eventList/0${put.pointer}`))
        throw new Error(`seed ${SEED + i}: ${name} was not found: ${JSON.stringify(put)}`)
    }
  })

  it('that are damaged in any way neither crash the check nor what comes behind it', () => {
    for (let i = 0; i < RUNS; i++) {
      const draw = new Draw(SEED + i)
      const document = mutated(draw, mutated(draw, epcisDocument([event(draw)])))
      const text = JSON.stringify(document)
      const cut = draw.chance(0.2) ? text.slice(0, draw.below(text.length)) : text
      if (faults(cut).length > 0) continue
      for (const { event: one } of readDocument(cut).events) {
        const item = prepareItem(one as Json, null)
        expect(item.hash).toMatch(/^[0-9a-f]{64}$/)
      }
    }
  })
})

describe(`EPCIS queries (seed ${SEED})`, () => {
  const OPS = ['EQ', 'GT', 'GE', 'LT', 'LE', 'EXISTS', 'MATCH', 'WD', 'HASATTR', 'EQATTR']
  const FIELDS = [
    'eventTime',
    'epc',
    'anyEPC',
    'value_CEL',
    'quantity',
    'bizStep',
    'ILMD_ext:a',
    'INNER_ext:a',
    'ext:a',
  ]
  const ARGUMENTS = [
    '2026-01-01T00:00:00Z',
    '5',
    'x',
    '',
    '|',
    'urn:epc:idpat:sgtin:1.2.*',
    'urn:epc:idpat:x:[1-2].*',
    'true',
  ]
  it('are compiled or refused, and run over any event', () => {
    let ran = 0
    for (let i = 0; i < RUNS; i++) {
      const draw = new Draw(SEED + i)
      const query = {
        [`${draw.of(OPS)}_${draw.of(FIELDS)}`]: draw.of(ARGUMENTS),
        [draw.of(FIELDS)]: draw.of(ARGUMENTS),
      }
      try {
        const { test } = compileQuery(
          paramsOfUrl(draw.chance(0.8) ? { [Object.keys(query)[0] ?? '']: Object.values(query)[0] } : query),
        )
        expect(typeof test({ event: event(draw), context: null, recordMs: 0 })).toBe('boolean')
        ran += 1
      } catch (error) {
        if (!(error instanceof EpcisError)) throw error
      }
    }
    expect(ran).toBeGreaterThan(RUNS / 20)
  })
})

const samples = process.env['SIGHTLINE_SAMPLES'] ?? join(import.meta.dirname, '../../../shared/data')
const schema = join(samples, 'standards/epcis/EPCIS-JSON-Schema.json')
describeWith('SIGHTLINE_SAMPLES', existsSync(schema), 'the JSON schema of GS1', () => {
  it('takes whatever is taken here', () => {
    const ajv = new Ajv({ strict: false, logger: false })
    addFormats.default(ajv)
    const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')) as Json)
    let taken = 0
    for (let i = 0; i < RUNS; i++) {
      const draw = new Draw(SEED + i)
      const document = mutated(draw, epcisDocument([event(draw)]))
      const text = JSON.stringify(document)
      if (faults(text).length > 0) continue
      taken += 1
      if (!validate(JSON.parse(text)))
        throw new Error(`seed ${SEED + i}: ${JSON.stringify(validate.errors)} in ${text}`)
    }
    expect(taken).toBeGreaterThan(RUNS / 4)
  })
})
