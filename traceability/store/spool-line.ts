import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { CodedError } from '../../contracts/index.ts'
import type { CaptureRecord } from './record-codec.ts'
import type { StoreOps } from './store-ops.ts'

type SpoolOp = 'openTrigger' | 'annotate' | 'emit'

/** Goes to the store as it stands. */
export type PlainEntry = { [O in SpoolOp]: { op: O; ask: StoreOps[O]['ask'] } }[SpoolOp]

/** One request that the store did not take in time. */
export type SpoolEntry =
  PlainEntry | { op: 'capture'; ask: { record: CaptureRecord; image: Uint8Array | null } }

/** The image bytes of a capture stand in a file of their own beside the spool file. */
export interface SpoolLine {
  entry: SpoolEntry
  image: string | null
  /** CRC-32 of that file, hex; absent in lines of versions that had none. */
  imageCrc32?: string
}

/** CRC-32 of all that stands before it in the line, as its last member. */
const SUM = /,"crc32":"([0-9a-f]{8})"\}$/
const SUM_LENGTH = ',"crc32":"00000000"}'.length
/** Members of a line of a version that wrote no checksum: one with any other lost its own. */
const WITHOUT_SUM = ['entry', 'image']

export const checksum = (bytes: Uint8Array | string): string => crc32(bytes).toString(16).padStart(8, '0')

/** One line of JSON, with its end. */
export function formatLine(line: SpoolLine): string {
  const body = JSON.stringify(line).slice(0, -1)
  return `${body},"crc32":"${checksum(body)}"}\n`
}

/** @throws TRC_SPOOL when the line is not as it was written */
export function parseLine(line: Uint8Array): SpoolLine {
  const text = Buffer.from(line).toString('utf8')
  const sum = SUM.exec(text)?.[1]
  const found = sum === undefined ? null : checksum(line.subarray(0, line.length - SUM_LENGTH))
  if (found !== null && found !== sum) throw damaged(`the checksum ${sum}`, found)
  const value = parsed(text)
  if (value === null || (sum === undefined && Object.keys(value).some((key) => !WITHOUT_SUM.includes(key))))
    throw damaged('a line with its checksum', text.slice(0, 120))
  return value as SpoolLine
}

/** Whether a line without its end is whole: then only the end was lost. */
export function isWhole(line: Uint8Array): boolean {
  if (!SUM.test(Buffer.from(line).toString('utf8'))) return false
  try {
    parseLine(line)
    return true
  } catch {
    return false
  }
}

/** The line as `rejected.jsonl` keeps it: what is no text, byte by byte. */
export const keptLine = (line: Uint8Array): { line: string; base64?: string } => {
  const bytes = Buffer.from(line)
  return { line: bytes.toString('utf8'), ...(isUtf8(bytes) ? {} : { base64: bytes.toString('base64') }) }
}

export const damaged = (expected: string, actual: string, file?: string): CodedError =>
  new CodedError('TRC_SPOOL', {
    ...(file === undefined ? {} : { file }),
    expected,
    actual,
    hint: 'it is kept in rejected.jsonl of the spool; a trigger whose record it was is closed as interrupted at the next start',
  })

export const damagedImage = (expected: string, actual: string, file: string): CodedError =>
  new CodedError('TRC_SPOOL', {
    file,
    expected,
    actual,
    hint: 'the record is stored without its image, which stays in the spool, named in rejected.jsonl',
  })

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
