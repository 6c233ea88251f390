import { unescaped } from './xml-text.ts'

/** A start tag and where it stands. */
export interface Element {
  name: string
  attributes: ReadonlyMap<string, string>
  line: number
}

/** Start tags of some names in the order of the document; comments have none. */
export function elementsIn(document: string, names: readonly string[]): Element[] {
  const text = document.replace(/<!--[\s\S]*?-->/g, (all) => all.replace(/[^\n]/g, ' '))
  const found: Element[] = []
  let [line, upTo] = [1, 0]
  for (const tag of text.matchAll(/<([A-Za-z_]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/g)) {
    const [, name = '', rest = ''] = tag
    if (!names.includes(name)) continue
    for (; upTo < tag.index; upTo++) if (text.charCodeAt(upTo) === 10) line += 1
    const attributes = new Map(
      [...rest.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, key = '', a, b]) => [
        key,
        unescaped(a ?? b ?? ''),
      ]),
    )
    found.push({ name, attributes, line })
  }
  return found
}
