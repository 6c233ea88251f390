import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asCoded, CodedError, inFile } from '../../contracts/index.ts'
import {
  parseCheckpoint,
  parseVerifierKey,
  renderReport,
  verifyBundle,
  verifyDataDir,
} from '../../traceability/index.ts'
import { showProgress } from '../terminal/progress.ts'

interface Options {
  key?: string[]
  checkpoint?: string[]
  tsaCa?: string[]
  images: boolean
  json?: boolean
  lang: string
}

/** Exit codes beside 0 (intact): something was altered; nothing contradicts, but nothing is signed either. */
const ALTERED = 3
const UNPROVEN = 4

export function addVerify(program: Command): void {
  program
    .command('verify <path>')
    .description(
      'prove a data directory or an evidence bundle, offline; exit code 3 when altered, 4 when unproven',
    )
    .option(
      '--key <vkey...>',
      'public keys you noted, of the log and of witnesses; else those beside the data',
    )
    .option('--checkpoint <file...>', 'checkpoints kept elsewhere: by a witness, an anchor')
    .option('--tsa-ca <file...>', 'PEM certificates of time-stamp authorities')
    .option('--no-images', 'do not read the image files')
    .option('--json', 'print JSON')
    .option('--lang <language>', 'zh or en', 'en')
    .action(async (path: string, o: Options) => {
      if (o.lang !== 'zh' && o.lang !== 'en')
        throw new CodedError('CFG_USAGE', { expected: '--lang zh or en', actual: o.lang })
      const keys = (o.key ?? []).map(parseVerifierKey)
      const facts = await stat(path).catch((error: unknown) => {
        throw new CodedError('CFG_MISSING_FILE', {
          file: path,
          expected: 'a data directory or an evidence bundle',
          cause: error,
        })
      })
      const report = facts.isDirectory()
        ? await verifyDirectory(resolve(path), keys, o)
        : verifyBundle(await readFile(path, 'utf8'), keys)
      process.stdout.write(o.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, o.lang))
      if (report.state === 'altered') process.exitCode = ALTERED
      if (report.state === 'unproven') process.exitCode = UNPROVEN
    })
}

const read = (file: string, expected: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file, expected })
  })

async function certificateIn(file: string): Promise<Uint8Array> {
  const bytes = await read(file, 'a PEM certificate')
  try {
    return new Uint8Array(new X509Certificate(bytes).raw)
  } catch (error) {
    throw asCoded(error, 'TRC_KEY', { file, expected: 'a PEM certificate' })
  }
}

function parseGiven(file: string, note: string): void {
  try {
    parseCheckpoint(note)
  } catch (error) {
    inFile(file, 'TRC_NOTE')(error)
  }
}

async function verifyDirectory(
  dir: string,
  keys: ReturnType<typeof parseVerifierKey>[],
  o: Options,
): ReturnType<typeof verifyDataDir> {
  const bars = new Map<string, ReturnType<typeof showProgress>>()
  const checkpoints = await Promise.all(
    (o.checkpoint ?? []).map(async (file) => ({
      file,
      text: (await read(file, 'a checkpoint, or a file of them')).toString(),
    })),
  )
  const tsaCertificates = await Promise.all((o.tsaCa ?? []).map(certificateIn))
  try {
    return await verifyDataDir(dir, {
      keys,
      // A file of an anchor holds many, each with an empty line behind it.
      checkpoints: checkpoints.flatMap(({ file, text }) => {
        const notes = text.split(/(?<=\n— [^\n]+\n)(?!— )\n*/).filter((note) => note.trim() !== '')
        // A file without any, as a failed download leaves it, is none either.
        return (notes.length > 0 ? notes : [text]).map((note) => {
          // What is no checkpoint was given by mistake, and says nothing about the data.
          parseGiven(file, note)
          return { from: file, note }
        })
      }),
      tsaCertificates,
      images: o.images,
      onProgress(task, done, total) {
        let bar = bars.get(task)
        if (bar === undefined) bars.set(task, (bar = showProgress(task)))
        bar.update(done, total)
      },
    })
  } finally {
    for (const bar of bars.values()) bar.stop()
  }
}
