/** Namespace of the properties that this program adds to events. */
const OWN_NAMESPACE = { sightline: 'https://sightline.invalid/epcis/' } as const

export const EPCIS_CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'

/** Prefixes that the context of EPCIS declares. */
export const EPCIS_PREFIXES: readonly string[] = [
  'epcis',
  'cbv',
  'cbvmda',
  'gs1',
  'rdf',
  'rdfs',
  'owl',
  'xsd',
  'dcterms',
]

/** `@context` of events that this program makes. */
export const OWN_CONTEXT: readonly (string | object)[] = [EPCIS_CONTEXT, OWN_NAMESPACE]
