import { EpcisError } from '../../contracts/thread.ts'
import { checkEvent } from './check-event.ts'
import { type CheckContext, list, number, object, text, time, uri, type FieldCheck } from './check-fields.ts'
import { at, Faults, isObject, type JsonObject, shown } from './faults.ts'
import { findLosses } from './json-text.ts'
import { Namespaces } from './namespaces.ts'

/** What a capture request brings. */
export interface CapturedDocument {
  form: 'event' | 'EPCISDocument' | 'EPCISQueryDocument'
  /** `@context` of the document; of a single event null, as it has its own. */
  context: unknown
  /** Events as they were written, with the pointer of each in the document. */
  events: { event: unknown; pointer: string }[]
  /** Elements of the master data in the header. */
  masterData: MasterData[]
  names: Namespaces
}

interface MasterData {
  /** URI of the vocabulary. */
  vocabulary: string
  id: string
  attributes: { id: string; attribute?: unknown }[]
  children: string[]
}

const attributeValue: FieldCheck = (value, pointer, c) => {
  if (isObject(value) || Array.isArray(value)) return
  if (typeof value === 'string') text(value, pointer, c)
  else number(value, pointer, c)
}
/** EPCIS 2.0, 9.4: vocabularies with their elements. */
const vocabularyElement = object({
  fields: {
    id: uri,
    attributes: list(
      object({ fields: { id: uri, attribute: attributeValue }, required: ['id'], extensions: true }),
    ),
    children: list(uri),
  },
  required: ['id'],
  extensions: true,
})
const vocabularyList = list(
  object({
    fields: { type: uri, vocabularyElementList: list(vocabularyElement) },
    required: ['type'],
    extensions: true,
  }),
)
const epcisHeader = object({
  fields: { epcisMasterData: object({ fields: { vocabularyList }, extensions: true }) },
  extensions: true,
})

const anything: FieldCheck = () => undefined
const DOCUMENT = {
  '@context': anything,
  id: uri,
  type: anything,
  schemaVersion: (value: unknown, pointer: string, { faults }: CheckContext) => {
    if (typeof value !== 'string' || !/^2(\.\d+)*$/.test(value)) faults.add(pointer, 'version 2.0', value)
  },
  creationDate: time,
  epcisBody: anything,
}

/**
 * Reads and checks the text of a capture request; events themselves are checked by `faultsOf`.
 *
 * @throws EpcisError ValidationException with the pointer to each fault
 */
export function readDocument(json: string): CapturedDocument {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new EpcisError('ValidationException', {
      pointer: '',
      expected: 'JSON',
      actual: error instanceof Error ? error.message : String(error),
    })
  }
  const faults = new Faults()
  findLosses(json, faults)
  refuse(faults)
  if (!isObject(value))
    throw new EpcisError('ValidationException', { pointer: '', expected: 'an object', actual: shown(value) })
  return documentOf(value, faults)
}

function refuse({ list: found }: Faults): void {
  if (found.length > 0) throw new EpcisError('ValidationException', found)
}

/** @throws EpcisError as `readDocument` */
function documentOf(value: JsonObject, faults: Faults): CapturedDocument {
  const { type } = value
  if (type !== 'EPCISDocument' && type !== 'EPCISQueryDocument')
    return {
      form: 'event',
      context: null,
      events: [{ event: value, pointer: '' }],
      masterData: [],
      names: Namespaces.own,
    }
  const context = value['@context']
  const names = Namespaces.own.within(context, '/@context', faults, true)
  const c = { faults, names }
  const query = type === 'EPCISQueryDocument'
  const fields = query
    ? DOCUMENT
    : { ...DOCUMENT, instanceIdentifier: text, sender: text, receiver: text, epcisHeader }
  const required = query ? ['epcisBody'] : ['schemaVersion', 'creationDate', 'epcisBody']
  object({ fields, required, extensions: true })(value, '', c)
  const [list_, pointer] = query ? queryResults(value, c) : body(value, c)
  if (!Array.isArray(list_) && faults.list.length === 0) faults.add(pointer, 'a list of events', list_)
  refuse(faults)
  const events = (Array.isArray(list_) ? list_ : []).map((event, i) => ({ event, pointer: at(pointer, i) }))
  return { form: type, context, events, masterData: masterDataOf(value, query), names }
}

function body(value: JsonObject, c: CheckContext): [unknown, string] {
  const found = value['epcisBody']
  if (found !== undefined)
    object({ fields: { eventList: anything }, required: ['eventList'], extensions: true })(
      found,
      '/epcisBody',
      c,
    )
  return [inside(found, ['eventList']), '/epcisBody/eventList']
}

/** Where a query document has its results. */
const RESULTS = ['epcisBody', 'queryResults', 'resultsBody']

const inside = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce<unknown>((v, key) => (isObject(v) ? v[key] : undefined), value)

function queryResults(value: JsonObject, c: CheckContext): [unknown, string] {
  const results = object({
    fields: {
      queryName: text,
      subscriptionID: text,
      resultsBody: object({
        fields: { eventList: anything, vocabularyList },
        required: ['eventList'],
        extensions: true,
      }),
    },
    required: ['queryName', 'resultsBody'],
    extensions: true,
  })
  const shape = object({ fields: { queryResults: results }, required: ['queryResults'], extensions: true })
  if (value['epcisBody'] !== undefined) shape(value['epcisBody'], '/epcisBody', c)
  return [inside(value, [...RESULTS, 'eventList']), `/${RESULTS.join('/')}/eventList`]
}

/** What is wrong with one event of a document; empty = nothing. */
export function faultsOf(
  { event, pointer }: CapturedDocument['events'][number],
  d: CapturedDocument,
): Faults['list'] {
  const faults = new Faults()
  checkEvent(event, pointer, d.names, faults, { contextRequired: d.form === 'event' })
  return faults.list
}

interface Vocabulary {
  type: string
  vocabularyElementList?: Partial<MasterData>[]
}

/** Of a document that was checked: in its header, or in the results of a query. */
function masterDataOf(value: JsonObject, query: boolean): MasterData[] {
  const where = query ? RESULTS : ['epcisHeader', 'epcisMasterData']
  const lists = inside(value, [...where, 'vocabularyList'])
  if (!Array.isArray(lists)) return []
  return (lists as Vocabulary[]).flatMap((vocabulary) =>
    (Array.isArray(vocabulary.vocabularyElementList) ? vocabulary.vocabularyElementList : []).map((e) => ({
      vocabulary: vocabulary.type,
      id: e.id ?? '',
      attributes: e.attributes ?? [],
      children: e.children ?? [],
    })),
  )
}
