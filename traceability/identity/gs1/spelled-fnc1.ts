import { asCoded } from '../../../contracts/thread.ts'
import { GS1_CHARSET } from './checks.ts'
import { FNC1, type Gs1Element, parseElementString } from './elements.ts'

/** Words that scanners and their set-up programs write for FNC1, and programs for GS. */
const WORDS = /[<{[](?:GS|FNC1|0x1D|1D|29)[>}\]]|\^\]|\\(?:x|u00)?1D/gi
/** What else of printable ASCII no data has. */
const MARKS = /[!-~]/g

/**
 * How a reader wrote the FNC1 of a GS1 symbol that it cannot send as it is: a word in brackets, or what stands between
 * fields and is in no GS1 data, such as `^`, `|` or `~1`. Null unless everything else is an element string of two fields
 * or more with a GTIN, so that no other reading is left.
 */
export function spelledFnc1(text: string): string | null {
  const marks = [...(text.match(MARKS) ?? [])].filter((c) => GS1_CHARSET.X.odd.test(c))
  const spellings = new Set([...(text.match(WORDS) ?? []), ...marks.flatMap((c) => [c, `${c}1`])])
  for (const spelling of spellings) {
    const elements = elementsOf(text.replaceAll(spelling, FNC1))
    if (elements.length > 1 && elements.some(({ ai }) => ai === '01' || ai === '8006')) return spelling
  }
  return null
}

function elementsOf(text: string): Gs1Element[] {
  try {
    return parseElementString(text)
  } catch (error) {
    if (asCoded(error, 'API_INTERNAL').code !== 'TRC_IDENTITY') throw error
    return []
  }
}
