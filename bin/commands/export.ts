import { createWriteStream } from 'node:fs'
import { readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { asCoded, CodedError, isDiskFull } from '../../contracts/index.ts'
import {
  EXPORT_FORMATS,
  type ExportOptions,
  EXPORTS,
  exportStream,
  openTraceQuery,
} from '../../traceability/query/index.ts'
import { readerGone } from '../terminal/closed-output.ts'
import type { Environment } from '../setup/environment.ts'
import { exportLabels } from '../teach/export-labels.ts'
import { plantQuery } from '../plant/address.ts'
import { dataDirOf } from '../line/state-facts.ts'
import { printTable } from '../terminal/table.ts'
import { timeRange } from '../terminal/time-range.ts'
import { DATA_OPTION } from '../terminal/options.ts'

/** No table, but a data set. */
const LABELS = 'labels'

interface Options {
  data?: string
  plant?: string | true
  what: string
  format?: string
  from?: string
  to?: string
  bom?: boolean
}

export function addExport(program: Command, environment: Environment): void {
  program
    .command('export <out>')
    .description(
      'records of a time as a table: a file, or - for standard output; or what reviewers confirmed as a data set: a folder',
    )
    .option('--what <table>', [...EXPORTS, LABELS].join(', '), 'inspections')
    .option('--format <form>', `${EXPORT_FORMATS.join(', ')}; default: as the file is named, else csv`)
    .option('--from <time>', 'judged from this time on (RFC 3339)')
    .option('--to <time>', 'and before this one')
    .option(
      '--bom',
      'CSV for a spreadsheet: Excel reads Chinese text right, and keeps numbers and dates that are names',
    )
    .option(...DATA_OPTION)
    .option('--plant [schema]', 'ask the store of the plant (SIGHTLINE_DATABASE_URL) instead')
    .action(async (out: string, o: Options) => {
      if (o.what === LABELS) return toFolder(out, o, environment)
      const options = optionsOf(o, out)
      const query =
        o.plant === undefined
          ? openTraceQuery(dataDirOf(o.data, environment))
          : await plantQuery(o.plant, environment)
      try {
        const bytes = Readable.from(exportStream((ask) => query.exportPage(ask), options))
        if (out === '-') await toOutput(bytes)
        else await toFile(bytes, out)
      } finally {
        query.close()
      }
    })
}

/** Images and labels of confirmed parts, for `teach-boxes`, `teach-segments`, `teach-classes` and `evaluate`. */
async function toFolder(out: string, o: Options, environment: Environment): Promise<void> {
  const other = o.format ?? (o.bom ? '--bom' : o.plant === undefined ? undefined : '--plant')
  if (out === '-' || other !== undefined)
    throw new CodedError('CFG_USAGE', {
      expected: `a folder, and none of --format, --bom and --plant with --what ${LABELS}`,
      actual: other ?? out,
    })
  const query = openTraceQuery(dataDirOf(o.data, environment))
  try {
    const parts = query.confirmedParts(timeRange(o))
    const found = await exportLabels(out, parts, (sha256) => query.path(sha256))
    printTable(
      ['class', 'images', 'boxes'],
      [...new Set([...Object.keys(found.classes), ...Object.keys(found.boxes)])].map((name) => [
        name,
        String(found.classes[name] ?? 0),
        String(found.boxes[name] ?? 0),
      ]),
    )
    for (const [n, why] of [
      [found.unplaced, 'nothing says where the defect is: in the folder of the class alone'],
      [found.unnamed, 'found bad, and nothing says what it is: left out'],
      [found.missing, 'the image is no longer stored: left out'],
    ] as const)
      if (n > 0) process.stderr.write(`${n} parts: ${why}\n`)
    process.stdout.write(
      `teach from it: sightline teach-boxes ${out} --id NAME; sightline teach-classes ${out} --dataset folder-per-class --id NAME\n`,
    )
  } finally {
    query.close()
  }
}

/** Nobody is left to be told when the reader has closed it; what else it does not take has been said. */
async function toOutput(bytes: Readable): Promise<void> {
  try {
    await pipeline(bytes, process.stdout, { end: false })
  } catch (error) {
    if (!readerGone()) throw error
  }
}

/** Links followed, as many as Linux does (path_resolution(7)). */
const MAX_LINKS = 40

/** Where a name leads, also through links to what is not there yet. @throws CFG_USAGE for links in a circle */
async function targetOf(out: string): Promise<string> {
  let at = out
  for (let n = 0; n <= MAX_LINKS; n++) {
    const whole = await realpath(at).catch(() => null)
    const next = whole ?? (await readlink(at).catch(() => null))
    if (whole !== null || next === null) return whole ?? at
    const folder = dirname(at)
    at = resolve(await realpath(folder).catch(() => folder), next)
  }
  throw new CodedError('CFG_USAGE', {
    file: out,
    expected: 'a file that can be written',
    actual: 'links that lead in a circle',
  })
}

/** A file is there whole or not at all; pipes and devices are written to, never replaced. */
async function toFile(bytes: Readable, out: string): Promise<void> {
  const target = await targetOf(out)
  const there = await stat(target).catch(() => null)
  const direct = there !== null && !there.isFile()
  const part = direct ? target : `${target}.part`
  try {
    await pipeline(bytes, createWriteStream(part))
    if (!direct) await rename(part, target)
  } catch (error) {
    if (!direct) await rm(part, { force: true })
    throw asCoded(error, isDiskFull(error) ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      file: out,
      expected: 'a file that can be written',
    })
  }
}

/** @throws CFG_USAGE for a name that says another format than what is written, or one that there is not */
function formatOf(asked: string | undefined, out: string): ExportOptions['format'] {
  const ending = extname(out).slice(1).toLowerCase()
  const named = EXPORT_FORMATS.find((f) => f === ending)
  const format =
    asked === undefined ? (ending === '' ? 'csv' : named) : EXPORT_FORMATS.find((f) => f === asked)
  if (format === undefined)
    throw new CodedError('CFG_USAGE', {
      expected: `--format ${EXPORT_FORMATS.join(' or ')}, or a file named so`,
      actual: asked ?? out,
    })
  if (named !== undefined && named !== format)
    throw new CodedError('CFG_USAGE', {
      expected: `a file .${format} with --format ${format}`,
      actual: out,
    })
  return format
}

function optionsOf(o: Options, out: string): ExportOptions {
  const what = EXPORTS.find((w) => w === o.what)
  const format = formatOf(o.format, out)
  if (what === undefined)
    throw new CodedError('CFG_USAGE', {
      expected: `--what ${[...EXPORTS, LABELS].join(', ')}`,
      actual: o.what,
    })
  if (o.bom && format !== 'csv')
    throw new CodedError('CFG_USAGE', { expected: '--bom with --format csv', actual: `--format ${format}` })
  return {
    what,
    format,
    ...timeRange(o),
    ...(o.bom && { bom: true }),
  }
}
