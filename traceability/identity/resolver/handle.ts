import { CodedError } from '../../../contracts/index.ts'
import type { ResolverLink } from './linkset.ts'

/** A value of a handle record: RFC 3651, section 3.1, in the JSON of the Handle.Net proxy. */
export interface HandleValue {
  index: number
  type: string
  data: { format: 'string'; value: string }
  ttl: number
  timestamp: string
}

export interface HandleRecord {
  handle: string
  values: HandleValue[]
}

/** Prefix of the national identifier resolution system (标识解析): VAA 88.country.industry and the enterprise's own. */
const PREFIX = /^\d+(\.\d+)+$/

/**
 * Handle record (标识解析) of an identity: its canonical URI and where things about it are.
 *
 * @param prefix prefix assigned to the enterprise, e.g. `88.118.1`
 * @param suffix number of the part under it
 * @param at     ISO time of the record
 * @throws CFG_INVALID for a prefix of another form, TRC_IDENTITY for a suffix that no handle may have
 */
export function handleRecord(
  { prefix, suffix, canonical, at }: { prefix: string; suffix: string; canonical: string; at: string },
  links: readonly ResolverLink[],
): HandleRecord {
  if (!PREFIX.test(prefix))
    throw new CodedError('CFG_INVALID', {
      path: 'resolver.prefix',
      expected: 'numbers with dots',
      actual: prefix,
    })
  // RFC 3650: any printable character of Unicode; blanks and controls break every transport.
  const odd = suffix.search(/[\s\p{C}]/u)
  if (suffix === '' || odd >= 0)
    throw new CodedError('TRC_IDENTITY', {
      path: `character ${Math.max(0, odd)}`,
      expected: 'printable characters without blanks',
      actual: JSON.stringify(suffix.slice(0, 40)),
    })
  const value = (index: number, type: string, text: string): HandleValue => ({
    index,
    type,
    data: { format: 'string', value: text },
    ttl: 86_400,
    timestamp: at.replace(/\.\d+Z$/, 'Z'),
  })
  return {
    handle: `${prefix}/${suffix}`,
    values: [value(1, 'CANONICAL_URI', canonical), ...links.map((l, i) => value(i + 2, 'URL', l.href))],
  }
}
