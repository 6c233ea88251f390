/** Namespace of the properties that this program adds to events. */
const OWN_NAMESPACE = { sightline: 'https://sightline.invalid/epcis/' } as const

export const EPCIS_CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'

/** Prefixes that the context of EPCIS declares, with their namespaces. */
export const EPCIS_NAMESPACES: Readonly<Record<string, string>> = {
  epcis: 'https://ref.gs1.org/epcis/',
  cbv: 'https://ref.gs1.org/cbv/',
  cbvmda: 'urn:epcglobal:cbv:mda:',
  gs1: 'https://gs1.org/voc/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  owl: 'http://www.w3.org/2002/07/owl#',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
  dcterms: 'http://purl.org/dc/terms/',
}

/** `@context` of events that this program makes. */
export const OWN_CONTEXT: readonly (string | object)[] = [EPCIS_CONTEXT, OWN_NAMESPACE]
