import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { asCoded, CodedError } from '../../contracts/index.ts'

const IMAGE = new Set([
  '.jpg',
  '.jpeg',
  '.jfif',
  '.png',
  '.bmp',
  '.tif',
  '.tiff',
  '.webp',
  '.pgm',
  '.ppm',
  '.pnm',
])

export const isImage = (name: string): boolean => IMAGE.has(extname(name).toLowerCase())

export const stem = (name: string): string => name.slice(0, name.length - extname(name).length)

export async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}

export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}

/** What systems put among the files of others: resource forks, thumbnails of a store on the network, waste. */
const OF_SYSTEMS = new Set(['__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information'])

/**
 * Names in a folder, hidden ones and those of systems left out, in a fixed order; links are what they lead to. A link that leads nowhere
 * counts as a file, whose reading fails; pipes and devices are neither. @throws DAT_LAYOUT when it cannot be read
 */
async function names(dir: string): Promise<{ files: string[]; folders: string[] }> {
  try {
    const entries = (await readdir(dir, { withFileTypes: true }))
      .filter((e) => !e.name.startsWith('.') && !OF_SYSTEMS.has(e.name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const found: { files: string[]; folders: string[] } = { files: [], folders: [] }
    for (const e of entries) {
      const kind = e.isSymbolicLink() ? await stat(join(dir, e.name)).catch(() => null) : e
      if (kind === null || kind.isFile()) found.files.push(e.name)
      else if (kind.isDirectory()) found.folders.push(e.name)
    }
    return found
  } catch (error) {
    throw asCoded(error, 'DAT_LAYOUT', { file: dir, expected: 'a readable folder' })
  }
}

export const foldersIn = async (dir: string): Promise<string[]> => (await names(dir)).folders
export const filesIn = async (dir: string): Promise<string[]> => (await names(dir)).files
export const imagesIn = async (dir: string): Promise<string[]> => (await filesIn(dir)).filter(isImage)

/** Looks files up by name, each folder listed once. */
export class FileNames {
  readonly #folders = new Map<string, Promise<{ exact: ReadonlySet<string>; alike: Map<string, string[]> }>>()

  /**
   * The file of this path; or, where there is none, the only one in its folder whose name differs by capitals of its
   * ending, as Windows has them, or by accents in two code points, as archives made on a Mac have them.
   */
  async find(path: string): Promise<string | null> {
    const dir = dirname(path)
    const name = basename(path)
    let folder = this.#folders.get(dir)
    if (folder === undefined) this.#folders.set(dir, (folder = this.#list(dir)))
    const { exact, alike } = await folder
    if (exact.has(name)) return path
    const [only, ...others] = alike.get(spelt(name)) ?? []
    return only === undefined || others.length > 0 ? null : join(dir, only)
  }

  async #list(dir: string): Promise<{ exact: ReadonlySet<string>; alike: Map<string, string[]> }> {
    const files = (await isDirectory(dir)) ? await filesIn(dir) : []
    const alike = new Map<string, string[]>()
    for (const f of files) alike.set(spelt(f), [...(alike.get(spelt(f)) ?? []), f])
    return { exact: new Set(files), alike }
  }
}

const spelt = (name: string): string => `${stem(name)}${extname(name).toLowerCase()}`.normalize('NFC')

/** Files below a folder, relative paths; a link to a folder above is not followed. */
export const filesBelow = (dir: string): Promise<string[]> => below(dir, '', [])
export const imagesBelow = async (dir: string): Promise<string[]> => (await filesBelow(dir)).filter(isImage)

async function below(dir: string, prefix: string, above: readonly string[]): Promise<string[]> {
  const { files, folders } = await names(join(dir, prefix))
  const place = await realpath(join(dir, prefix))
  if (above.includes(place)) return []
  const found = files.map((f) => join(prefix, f))
  for (const folder of folders)
    for (const f of await below(dir, join(prefix, folder), [...above, place])) found.push(f)
  return found
}

/** UTF-16 says so by its first two bytes; Excel saves "Unicode text" in it. */
const utf16 = (bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null =>
  bytes[0] === 0xff && bytes[1] === 0xfe
    ? 'utf-16le'
    : bytes[0] === 0xfe && bytes[1] === 0xff
      ? 'utf-16be'
      : null

/**
 * Text in which ASCII is itself, to look something up in: what the encoding does not tell is replaced. Excel of a Chinese
 * Windows saves tables in GBK, and names of images in it are to be found, too.
 */
export function looseText(bytes: Uint8Array): string {
  const wide = utf16(bytes)
  if (wide === null)
    for (const encoding of ['utf-8', 'gb18030'])
      try {
        // As a stream: the beginning of a file may end within a letter.
        return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true })
      } catch {
        // Of another encoding.
      }
  return new TextDecoder(wide ?? 'utf-8').decode(bytes)
}

/** XML that says in its first line to be in a Chinese encoding; GB 18030 holds what the older ones have. */
const SAYS_CHINESE = /^<\?xml\s[^>]*\bencoding\s*=\s*["'](gbk|gb2312|gb18030)["']/i

/** The encoding of a text that is not in UTF-8. A declaration in a file that is UTF-8 all the same is of no account. */
const declared = (bytes: Uint8Array): 'gb18030' | null =>
  SAYS_CHINESE.test(Buffer.from(bytes.subarray(0, 200)).toString('latin1')) ? 'gb18030' : null

const decoded = (bytes: Uint8Array, encoding: string): string =>
  new TextDecoder(encoding, { fatal: true }).decode(bytes)

/**
 * @throws DAT_LAYOUT when it cannot be read, or is neither UTF-8 nor UTF-16 nor XML that says to be in GBK: class names
 *         would be other ones
 */
export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw asCoded(error, 'DAT_LAYOUT', { file, expected: 'a readable file' })
  })
  try {
    // Editors on Windows put a byte order mark in front, which the decoder takes off.
    return decoded(bytes, utf16(bytes) ?? 'utf-8')
  } catch (error) {
    const encoding = declared(bytes)
    try {
      if (encoding !== null) return decoded(bytes, encoding)
    } catch {
      // It is in another one than it says.
    }
    throw new CodedError('DAT_LAYOUT', {
      file,
      expected: 'text in UTF-8',
      actual: 'bytes of another encoding',
      hint: 'save the file as UTF-8',
      cause: error,
    })
  }
}

/** Non-empty lines with their 1-based numbers. */
export const numberedLines = (text: string): { line: number; text: string }[] =>
  text
    .split(/\r?\n/)
    .map((t, n) => ({ line: n + 1, text: t.trim() }))
    .filter((l) => l.text !== '')

/** Whether an absolute path lies in a folder. */
export const within = (dir: string, path: string): boolean => !/^\.\.($|[/\\])/.test(relative(dir, path))

/** A path of a list or an annotation, which must stay inside the data set. @throws DAT_LAYOUT */
export function inside(dir: string, path: string, file: string, line?: number): string {
  const full = resolve(dir, path)
  if (isAbsolute(path) || !within(dir, full)) {
    throw new CodedError('DAT_LAYOUT', {
      file,
      ...(line === undefined ? {} : { line }),
      expected: 'a path inside the data set',
      actual: path,
    })
  }
  return full
}

/** @throws DAT_LAYOUT naming who wanted the file */
export async function requireFile(path: string, wantedBy: string, line?: number): Promise<string> {
  if (await isFile(path)) return path
  throw new CodedError('DAT_LAYOUT', {
    file: wantedBy,
    ...(line === undefined ? {} : { line }),
    expected: `the file ${path}`,
    actual: 'none',
  })
}

/** @throws DAT_EMPTY */
export function notEmpty<T>(items: T[], dir: string, expected: string): T[] {
  if (items.length === 0) throw new CodedError('DAT_EMPTY', { file: dir, expected, actual: 'none' })
  return items
}
