/**
 * Path of the first place where two JSON values differ, or null. Members that only one object has are passed over: a
 * later version of the program may know more about an event than the one that wrote it.
 */
export function firstDifference(a: unknown, b: unknown, path: string): string | null {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return `${path} (${a.length} and ${b.length})`.trim()
    return first(a.map((v, i): [string, unknown, unknown] => [`${path}[${i}]`, v, b[i]]))
  }
  if (isObject(a) && isObject(b))
    return first(
      Object.keys(a).flatMap((key): [string, unknown, unknown][] =>
        b[key] === undefined || a[key] === undefined
          ? []
          : [[path === '' ? key : `${path}.${key}`, a[key], b[key]]],
      ),
    )
  return a === b ? null : path
}

/** Every member that differs, both sides counted: what was changed in an event. */
export function changedPaths(a: unknown, b: unknown, path = ''): string[] {
  if (isObject(a) && isObject(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
      changedPaths(a[key], b[key], path === '' ? key : `${path}.${key}`),
    )
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.flatMap((v, i) => changedPaths(v, b[i], `${path}[${i}]`))
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path]
}

function first(pairs: [string, unknown, unknown][]): string | null {
  for (const [path, a, b] of pairs) {
    const found = firstDifference(a, b, path)
    if (found !== null) return found
  }
  return null
}

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
