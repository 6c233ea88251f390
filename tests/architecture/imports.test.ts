import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The import table of the house: folder → folders it may import. */
const MAY_IMPORT: Record<string, string[]> = {
  contracts: [],
  camera: ['contracts'],
  traceability: ['contracts'],
  scenarios: ['contracts'],
  models: ['contracts'],
  inspection: ['contracts', 'models'],
  datasets: ['contracts', 'models', 'inspection'],
  dashboard: ['contracts', 'traceability', 'models', 'datasets', 'scenarios'],
  bin: ['contracts', 'camera', 'traceability', 'scenarios', 'models', 'inspection', 'datasets', 'dashboard'],
}

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (name === 'node_modules' || name === 'dist' || name === 'training' || name === 'packages') return []
    if (statSync(path).isDirectory()) return sources(path)
    return /\.tsx?$/.test(name) && !name.endsWith('.d.ts') ? [path] : []
  })
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"](\.[^'"]+)['"]/g

const graph = new Map<string, string[]>()
for (const folder of Object.keys(MAY_IMPORT)) {
  for (const file of sources(join(root, folder))) {
    const targets: string[] = []
    for (const m of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const spec = m[1] ?? m[2] ?? m[3]
      if (spec !== undefined) targets.push(relative(root, resolve(dirname(file), spec)))
    }
    graph.set(relative(root, file), targets)
  }
}

/** What is left of a file when the imports of types are gone. */
const codeOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8').replace(
    /(?:^|\n)(?:import|export) type [^'"]*from\s+['"][^'"]+['"]/g,
    '',
  )

/** Files whose code a file loads at its start: types are gone by then, `import()` comes later. */
const valuesOf = (file: string): string[] => {
  return [...codeOf(file).matchAll(IMPORT)].flatMap((m) => {
    const spec = m[1] ?? m[3]
    return spec === undefined ? [] : [relative(root, resolve(dirname(join(root, file)), spec))]
  })
}

/** Threads that load no schemas, and the packages that each loads. */
const THREADS: Record<string, string[]> = {
  'bin/setup/stuck-guard.worker.ts': [],
  'datasets/sample-line/drawn-line.worker.ts': ['zxing-wasm/writer'],
  'models/runtime/session-pool.worker.ts': [],
  'traceability/epcis/epcis.worker.ts': [],
  'traceability/plant/postgres.worker.ts': ['pg'],
  'traceability/proof/keeper.worker.ts': [],
  'traceability/proof/verify.worker.ts': [],
}
const packagesOf = (file: string): string[] =>
  [...codeOf(file).matchAll(/(?:^|\n)(?:import|export)\s(?:[^'"]*?from\s+)?['"]([^.'"][^'"]*)['"]/g)].flatMap(
    (m) => m[1] ?? [],
  )
const loadedBy = (file: string): Set<string> => {
  const loaded = new Set([file])
  for (const of of loaded) for (const next of valuesOf(of)) loaded.add(next)
  return loaded
}

const folderOf = (file: string): string => file.split('/')[0] ?? ''

describe('import table', () => {
  it('reads the sources', () => {
    expect(graph.size).toBeGreaterThan(15)
    expect([...graph.values()].flat().length).toBeGreaterThan(15)
  })

  it('lets folders import only what the table allows', () => {
    const wrong = [...graph].flatMap(([file, targets]) =>
      targets
        .filter(
          (t) => folderOf(t) !== folderOf(file) && !(MAY_IMPORT[folderOf(file)] ?? []).includes(folderOf(t)),
        )
        .map((t) => `${file} -> ${t}`),
    )
    expect(wrong).toEqual([])
  })

  it('enters another folder only through its index.ts (dashboard: traceability/query; threads: contracts/thread; pages: contracts/error-text)', () => {
    const wrong = [...graph].flatMap(([file, targets]) =>
      targets
        .filter((t) => folderOf(t) !== folderOf(file) && t !== `${folderOf(t)}/index.ts`)
        .filter((t) => !(t === 'traceability/query/index.ts'))
        .filter((t) => !(t === 'contracts/error-text.ts' && file.startsWith('dashboard/web/')))
        .filter(
          (t) =>
            !(
              t === 'contracts/thread.ts' && Object.keys(THREADS).some((thread) => loadedBy(thread).has(file))
            ),
        )
        .map((t) => `${file} -> ${t}`),
    )
    expect(wrong).toEqual([])
  })

  it('loads nothing for threads that check nothing but their own folder, and of contracts what needs no schema', () => {
    const lean = loadedBy('contracts/thread.ts')
    expect([...lean].filter((f) => f.endsWith('.schema.ts'))).toEqual([])
    for (const [thread, packages] of Object.entries(THREADS)) {
      const loaded = [...loadedBy(thread)]
      const own = `${dirname(thread).replace(/^(?!models)(.*?)\/.*/, '$1')}/`
      expect(
        loaded.filter((f) => !f.startsWith(own) && !lean.has(f)),
        thread,
      ).toEqual([])
      expect(
        loaded.flatMap(packagesOf).filter((name) => !name.startsWith('node:')),
        thread,
      ).toEqual(packages)
    }
  })

  it('loads for threads that judge what runs models, not what makes them', () => {
    const loaded = [...loadedBy('inspection/workers/inspect.worker.ts')]
    expect(loaded).toContain('models/load-model.ts')
    const making =
      /^models\/(?:heads\/teach-|import\/import-|quantise\/|teach\/(?:teach|fit|update|conclude)\.ts$)/
    expect(loaded.filter((f) => making.test(f))).toEqual([])
  })

  it('loads for the supervisor of a line, and for a question to its records, no line and no server', () => {
    for (const command of ['serve', 'trace', 'hold', 'verify', 'balance']) {
      const loaded = [...loadedBy('bin/program.ts'), ...loadedBy(`bin/commands/${command}.ts`)]
      expect(loaded).toContain('contracts/index.ts')
      expect(
        loaded.filter((f) => ['bin/line.ts', 'dashboard/index.ts'].includes(f)),
        command,
      ).toEqual([])
    }
  })

  it('gives pages nothing of contracts but the sentences of errors, which need no schema', () => {
    const pages = [...graph.keys()].filter((file) => file.startsWith('dashboard/web/'))
    const values = pages.flatMap(valuesOf).filter((target) => folderOf(target) === 'contracts')
    expect([...new Set(values)]).toEqual(['contracts/error-text.ts'])
    const sentences = [...loadedBy('contracts/error-text.ts')].sort()
    expect(sentences).toEqual([
      'contracts/camera-words.ts',
      'contracts/counter-words.ts',
      'contracts/error-text.ts',
      'contracts/errors.ts',
      'contracts/fact-words.ts',
      'contracts/judging-words.ts',
      'contracts/log-words.ts',
      'contracts/package-words.ts',
      'contracts/part-words.ts',
    ])
  })

  it('gives the dashboard nothing of traceability but its query surface', () => {
    const wrong = [...graph].flatMap(([file, targets]) =>
      folderOf(file) === 'dashboard'
        ? targets.filter((t) => folderOf(t) === 'traceability' && t !== 'traceability/query/index.ts')
        : [],
    )
    expect(wrong).toEqual([])
  })

  it('loads onnxruntime only in models/runtime and reads the environment only in bin', () => {
    const ort: string[] = []
    const env: string[] = []
    for (const file of graph.keys()) {
      const text = readFileSync(join(root, file), 'utf8')
      if (
        /from\s+['"]onnxruntime-node['"]|\(['"]onnxruntime-node['"]\)/.test(text) &&
        !file.startsWith('models/runtime/')
      )
        ort.push(file)
      // What is set for a library is not read.
      if (/process\.env\b(?!\['ORT_DISABLE_TELEMETRY'\] = )/.test(text) && !file.startsWith('bin/'))
        env.push(file)
    }
    expect({ ort, env }).toEqual({ ort: [], env: [] })
  })

  it('ends threads only where native calls are counted, and calls addons only where they are', () => {
    const ending: string[] = []
    const addons: string[] = []
    for (const file of graph.keys()) {
      const text = readFileSync(join(root, file), 'utf8')
      // `terminate` of a WebSocket is another thing.
      if (/(?<!\b(?:ws|socket))\.terminate\(/.test(text)) ending.push(file)
      const loads =
        /^import (?!type).*'(?:onnxruntime-node|@photostructure\/sqlite)'|\('(?:onnxruntime-node|@photostructure\/sqlite)'\)/m
      if (loads.test(text)) addons.push(file)
    }
    expect(ending).toEqual(['contracts/worker-entry.ts'])
    expect(addons.sort()).toEqual(['models/runtime/onnxruntime.ts', 'traceability/store/open-sql.ts'])
  })

  it('has no cycles', () => {
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (file: string, path: string[]): void => {
      const at = path.indexOf(file)
      if (at >= 0) {
        cycles.push([...path.slice(at), file].join(' -> '))
        return
      }
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) walk(next, [...path, file])
      done.add(file)
    }
    for (const file of graph.keys()) walk(file, [])
    expect(cycles).toEqual([])
  })

  it('keeps files at or below 300 lines', () => {
    const long = [...graph.keys()].filter((f) => readFileSync(join(root, f), 'utf8').split('\n').length > 301)
    expect(long).toEqual([])
  })
})
