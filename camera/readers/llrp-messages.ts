import { asCoded, CodedError } from '../../contracts/index.ts'
import type { LlrpMessage } from './llrp-frames.ts'

/** Message types of EPCglobal LLRP 1.1, section 17. */
export const LLRP = {
  setReaderConfig: 3,
  setReaderConfigResponse: 13,
  closeConnection: 14,
  closeConnectionResponse: 4,
  addRoSpec: 20,
  addRoSpecResponse: 30,
  deleteRoSpec: 21,
  deleteRoSpecResponse: 31,
  startRoSpec: 22,
  startRoSpecResponse: 32,
  enableRoSpec: 24,
  enableRoSpecResponse: 34,
  roAccessReport: 61,
  keepalive: 62,
  readerEvent: 63,
  keepaliveAck: 72,
  error: 100,
} as const

/** Parameter types used here: LLRP 1.1, section 17. */
const P = {
  roSpec: 177,
  roBoundary: 178,
  startTrigger: 179,
  stopTrigger: 182,
  aiSpec: 183,
  aiStopTrigger: 184,
  inventory: 186,
  keepaliveSpec: 220,
  reportSpec: 237,
  contentSelector: 238,
  tagReport: 240,
  epcData: 241,
  notificationSpec: 244,
  notificationState: 245,
  eventData: 246,
  roSpecEvent: 249,
  bufferWarning: 250,
  bufferOverflow: 251,
  exception: 252,
  antennaEvent: 255,
  connectionAttempt: 256,
  status: 287,
} as const

/** Bytes of the parameters without a length field, their type included: LLRP 1.1, section 17. */
const TV_BYTES: Readonly<Record<number, number>> = {
  1: 3, // antenna
  2: 9, // first seen UTC, µs
  3: 9,
  4: 9, // last seen UTC, µs
  5: 9,
  6: 2, // peak RSSI, dBm
  7: 3,
  8: 3, // seen count
  9: 5,
  10: 3,
  11: 3,
  12: 3,
  13: 13, // EPC-96
  14: 3,
  15: 3,
  16: 5,
  17: 3,
  18: 5,
  19: 3,
  20: 3,
}

interface Parameter {
  type: number
  value: Buffer
}

const malformed = (actual: string): CodedError =>
  new CodedError('CAM_IO', { expected: 'well-formed LLRP parameters', actual })

/** @throws CAM_IO for lengths that do not fit */
function parameters(body: Buffer): Parameter[] {
  const out: Parameter[] = []
  for (let at = 0; at < body.length;) {
    const first = body[at] ?? 0
    const short = (first & 0x80) !== 0
    if (!short && at + 4 > body.length) throw malformed('a cut parameter header')
    const type = short ? first & 0x7f : body.readUInt16BE(at) & 0x3ff
    const length = short ? TV_BYTES[type] : body.readUInt16BE(at + 2)
    // Numbers below 128 are those of parameters without a length (LLRP 1.1, section 17.1).
    const known = short || type > 127
    if (!known || length === undefined || length < (short ? 1 : 4) || at + length > body.length)
      throw malformed(`parameter ${type} of ${length ?? 'unknown'} bytes`)
    out.push({ type, value: body.subarray(at + (short ? 1 : 4), at + length) })
    at += length
  }
  return out
}

export function parameter(type: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(4 + value.length, 2)
  return Buffer.concat([head, value])
}

/** Big-endian numbers as pairs of size in bytes and value. */
export const bytes = (...fields: readonly (readonly [1 | 2 | 4, number])[]): Buffer =>
  Buffer.concat(
    fields.map(([size, value]) => {
      const b = Buffer.alloc(size)
      b.writeUIntBE(value, 0, size)
      return b
    }),
  )

export interface TagReport {
  /** Upper-case hexadecimal digits of the EPC, without the protocol control word. */
  epc: string
  antenna: number | null
  rssiDbm: number | null
  count: number
}

/** What a reader said last on this connection of each thing that it need not say again. */
export type LastSaid = Omit<TagReport, 'epc'>

export const nothingSaid = (): LastSaid => ({ antenna: null, rssiDbm: null, count: 1 })

/**
 * Tags of a RO_ACCESS_REPORT; reports of other kinds inside are left out. A tag that cannot be read is said in its place
 * and costs no other one. What a report leaves out is as the reader said it last (LLRP 1.1, parameter TagReportData).
 *
 * @param last carried from report to report of one connection; overwritten
 * @throws CAM_IO when where the tags begin and end cannot be found out
 */
export function tagReports(message: LlrpMessage, last: LastSaid = nothingSaid()): (TagReport | CodedError)[] {
  return parameters(message.body)
    .filter((p) => p.type === P.tagReport)
    .map(({ value }) => {
      try {
        const tag = tagReport(value, last)
        Object.assign(last, { antenna: tag.antenna, rssiDbm: tag.rssiDbm, count: tag.count })
        return tag
      } catch (error) {
        // What it said is not known, nor what the next one does not say again.
        Object.assign(last, nothingSaid())
        return asCoded(error, 'CAM_IO')
      }
    })
    .filter((r) => r instanceof CodedError || r.epc !== '')
}

/** @throws CAM_IO */
function tagReport(value: Buffer, last: LastSaid): TagReport {
  const report: TagReport = { epc: '', ...last }
  for (const p of parameters(value)) {
    if (p.type === 13) report.epc = p.value.toString('hex').toUpperCase()
    if (p.type === P.epcData) {
      if (p.value.length < 2) throw malformed('an EPC without its length')
      const bits = p.value.readUInt16BE(0)
      if (p.value.length - 2 < Math.ceil(bits / 8))
        throw malformed(`an EPC of ${bits} bits in ${p.value.length - 2} bytes`)
      report.epc = p.value
        .subarray(2)
        .toString('hex')
        .toUpperCase()
        .slice(0, Math.ceil(bits / 4))
    }
    if (p.type === 1) report.antenna = p.value.readUInt16BE(0)
    if (p.type === 6) report.rssiDbm = p.value.readInt8(0)
    if (p.type === 8) report.count = p.value.readUInt16BE(0)
  }
  return report
}

/** @throws CAM_IO with the reader's own words when the status of an answer is not success */
export function checkStatus(message: LlrpMessage, what: string): void {
  const status = parameters(message.body).find((p) => p.type === P.status)?.value
  if (status === undefined || status.length < 4) throw malformed(`${what} without a status`)
  const code = status.readUInt16BE(0)
  if (code === 0) return
  const text = status.subarray(4, 4 + status.readUInt16BE(2)).toString('utf8')
  throw new CodedError('CAM_IO', { expected: `${what}: success`, actual: `status ${code} ${text}` })
}

/** Whether the reader took the connection; null for events about other things. @throws CAM_IO */
export function connectionAccepted(message: LlrpMessage): boolean | null {
  const data = parameters(message.body).find((p) => p.type === P.eventData)
  const attempt = data && parameters(data.value).find((p) => p.type === P.connectionAttempt)
  if (attempt === undefined) return null
  if (attempt.value.length < 2) throw malformed('a connection attempt without a status')
  return attempt.value.readUInt16BE(0) === 0
}

/**
 * What an event of the reader says of its reading: that the inventory has ended, in words, or that tags may be lost.
 * Empty for events about other things.
 *
 * @throws CAM_IO
 */
export function troubles(message: LlrpMessage, roSpecId: number): { ended: boolean; said: string }[] {
  const data = parameters(message.body).find((p) => p.type === P.eventData)
  if (data === undefined) return []
  return parameters(data.value).flatMap(({ type, value }) => {
    const trouble = (said: string, ended = false): { ended: boolean; said: string }[] => [{ ended, said }]
    if (type === P.bufferWarning) return trouble('its buffer of reports is nearly full')
    if (type === P.bufferOverflow) return trouble('its buffer of reports was full: tags are lost')
    if (type === P.exception && value.length >= 2)
      return trouble(`it failed: ${value.toString('utf8', 2, 2 + value.readUInt16BE(0)).trim()}`)
    if (type === P.antennaEvent && value.length >= 3 && value[0] === 0)
      return trouble(`antenna ${value.readUInt16BE(1)} is not connected`)
    // 0 = started, 1 = ended, 2 = another one took its place.
    if (type === P.roSpecEvent && value.length >= 5 && value[0] !== 0 && value.readUInt32BE(1) === roSpecId)
      return trouble(
        value[0] === 2 ? 'another inventory took the place of ours' : 'the inventory ended',
        true,
      )
    return []
  })
}

/** An inventory of all tags on these antennas, reported tag by tag, that runs until it is stopped. */
export function roSpec(id: number, antennas: readonly number[]): Buffer {
  const ids = antennas.length === 0 ? [0] : antennas
  return parameter(
    P.roSpec,
    bytes([4, id], [1, 0], [1, 0]),
    parameter(
      P.roBoundary,
      parameter(P.startTrigger, bytes([1, 0])),
      parameter(P.stopTrigger, bytes([1, 0], [4, 0])),
    ),
    parameter(
      P.aiSpec,
      bytes([2, ids.length], ...ids.map((a) => [2, a] as const)),
      parameter(P.aiStopTrigger, bytes([1, 0], [4, 0])),
      parameter(P.inventory, bytes([2, 1], [1, 1])),
    ),
    // A report after every tag, with antenna, peak RSSI and seen count.
    parameter(
      P.reportSpec,
      bytes([1, 1], [2, 1]),
      parameter(P.contentSelector, bytes([2, 0x1000 | 0x0400 | 0x0080])),
    ),
  )
}

/** Body of SET_READER_CONFIG that makes the reader send keepalives. */
export const keepaliveConfig = (everyMs: number): Buffer =>
  Buffer.concat([bytes([1, 0]), parameter(P.keepaliveSpec, bytes([1, 1], [4, everyMs]))])

/** Events that say something of reading: those of the inventory, the buffer of reports, exceptions, antennas. */
const EVENTS = [2, 3, 4, 8]

/** Body of SET_READER_CONFIG that makes the reader tell of them; it tells of nothing else unasked (LLRP 1.1, 13.1.5). */
export const notificationConfig = (): Buffer =>
  Buffer.concat([
    bytes([1, 0]),
    parameter(
      P.notificationSpec,
      ...EVENTS.map((event) => parameter(P.notificationState, bytes([2, event], [1, 0x80]))),
    ),
  ])

/** Parameters that only readers send; for the simulator. */
export const readerSide = {
  status: (code: number, text = ''): Buffer =>
    parameter(P.status, bytes([2, code], [2, Buffer.byteLength(text)]), Buffer.from(text)),
  event: (type: number, ...parts: Buffer[]): Buffer =>
    parameter(P.eventData, parameter(128, Buffer.alloc(8)), parameter(type, ...parts)),
  connection: (status: number): Buffer => readerSide.event(P.connectionAttempt, bytes([2, status])),
  tag: ({ epc, antenna, rssiDbm, count }: TagReport): Buffer => {
    const hex = Buffer.from(epc.length % 2 === 0 ? epc : `${epc}0`, 'hex')
    return parameter(
      P.tagReport,
      hex.length === 12
        ? Buffer.concat([bytes([1, 0x80 | 13]), hex])
        : parameter(P.epcData, bytes([2, epc.length * 4]), hex),
      antenna === null ? Buffer.alloc(0) : bytes([1, 0x80 | 1], [2, antenna]),
      rssiDbm === null ? Buffer.alloc(0) : bytes([1, 0x80 | 6], [1, rssiDbm & 0xff]),
      bytes([1, 0x80 | 8], [2, count]),
    )
  },
}
