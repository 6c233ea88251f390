/**
 * Names of image files in reports, different for each: the file name, with as many of its folders before it, joined by
 * `/`, as tell it from the others.
 *
 * @param files absolute paths
 * @param taken names that other images have
 */
export function imageNames(files: readonly string[], taken: Iterable<string> = []): string[] {
  const others = new Set(taken)
  const parts = files.map((file) => file.split(/[\\/]/))
  const depths = files.map(() => 1)
  for (;;) {
    const names = parts.map((p, i) => p.slice(-(depths[i] ?? 1)).join('/'))
    const counts = new Map<string, number>()
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
    const alike = [...names.keys()].filter((i) => {
      const name = names[i] ?? ''
      return (counts.get(name) ?? 0) > 1 || others.has(name)
    })
    const longer = alike.filter((i) => (depths[i] ?? 1) < (parts[i]?.length ?? 0))
    if (longer.length === 0) return numbered(names, others)
    for (const i of longer) depths[i] = (depths[i] ?? 1) + 1
  }
}

/** A file that is given twice, or was taught before under its whole path, has nothing else to be told by. */
function numbered(names: readonly string[], others: Set<string>): string[] {
  return names.map((name) => {
    let own = name
    for (let n = 2; others.has(own); n++) own = `${name} (${n})`
    others.add(own)
    return own
  })
}
