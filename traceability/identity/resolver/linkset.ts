/** What a resolver knows about an identity: where something about it is, and of which kind it is. */
export interface ResolverLink {
  /** Absolute URI of the target. */
  href: string
  /** Link type of the GS1 Web Vocabulary (`pip`, `certificationInfo`, `traceability` …) or an absolute URI. */
  linkType: string
  title: string
  /** Media type of the target. */
  type?: string
  /** BCP 47 tags. */
  hreflang?: string[]
}

const GS1_VOC = 'https://ref.gs1.org/voc/'
const absolute = (linkType: string): string =>
  /^[a-z][a-z0-9+.-]*:/i.test(linkType) ? linkType : GS1_VOC + linkType

interface Target {
  href: string
  title: string
  type?: string
  hreflang?: string[]
}

/** `application/linkset+json`: RFC 9264, section 4.2. */
export interface Linkset {
  linkset: ({ anchor: string } & Record<string, string | Target[]>)[]
}

/**
 * Linkset of one identity as a GS1-conformant resolver answers `linkType=linkset` (GS1-Conformant Resolver Standard
 * 1.1; RFC 9264). The first link is also the default one.
 *
 * @param anchor canonical URI of the identity
 */
export function linksetOf(anchor: string, links: readonly ResolverLink[]): Linkset {
  const context: { anchor: string } & Record<string, string | Target[]> = { anchor }
  const [first] = links
  const add = (relation: string, link: ResolverLink): void => {
    const { href, title, type, hreflang } = link
    const target = { href, title, ...(type !== undefined && { type }), ...(hreflang && { hreflang }) }
    const before = context[relation]
    context[relation] = Array.isArray(before) ? [...before, target] : [target]
  }
  if (first !== undefined) add(`${GS1_VOC}defaultLink`, first)
  for (const link of links) add(absolute(link.linkType), link)
  return { linkset: [context] }
}
