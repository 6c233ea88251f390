import { CodedError } from '../../contracts/index.ts'

/** A message of LLRP: header of ten bytes (reserved 3, version 3, type 10 bits; length; id), then parameters. */
export interface LlrpMessage {
  version: number
  type: number
  id: number
  body: Buffer
}

const HEADER_BYTES = 10
/** No reader sends longer reports; a wrong length would otherwise wait for gigabytes. */
const MAX_BYTES = 4 * 1024 * 1024

export function encodeFrame({ type, id, body }: Omit<LlrpMessage, 'version'>, version = 1): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + body.length)
  frame.writeUInt16BE((version << 10) | type, 0)
  frame.writeUInt32BE(frame.length, 2)
  frame.writeUInt32BE(id, 6)
  body.copy(frame, HEADER_BYTES)
  return frame
}

/** Cuts a stream of bytes into messages, wherever the chunks break and however many messages one holds. */
export class LlrpFramer {
  #chunks: Buffer[] = []
  #bytes = 0

  /** @throws CAM_IO for a header that cannot be: the stream is of no use any more */
  push(chunk: Buffer): LlrpMessage[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const messages: LlrpMessage[] = []
    for (let m = this.#next(); m !== null; m = this.#next()) messages.push(m)
    return messages
  }

  #next(): LlrpMessage | null {
    if (this.#bytes < HEADER_BYTES) return null
    const head = this.#peek(HEADER_BYTES)
    const version = head.readUInt8(0) >> 2
    if (version < 1 || version > 7) throw noHeader('a header of LLRP', head.toString('hex'))
    const length = head.readUInt32BE(2)
    if (length < HEADER_BYTES || length > MAX_BYTES)
      throw noHeader(`an LLRP message of ${HEADER_BYTES} to ${MAX_BYTES} bytes`, `${length}`)
    if (this.#bytes < length) return null
    const frame = this.#peek(length)
    this.#chunks = this.#bytes === length ? [] : [this.#joined().subarray(length)]
    this.#bytes -= length
    const word = frame.readUInt16BE(0)
    return {
      version: (word >> 10) & 7,
      type: word & 0x3ff,
      id: frame.readUInt32BE(6),
      body: frame.subarray(HEADER_BYTES),
    }
  }

  #peek(bytes: number): Buffer {
    const [first] = this.#chunks
    return (first !== undefined && first.length >= bytes ? first : this.#joined()).subarray(0, bytes)
  }

  /** Copies only when a message is complete or its header is split. */
  #joined(): Buffer {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first !== undefined) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}

const noHeader = (expected: string, actual: string): CodedError =>
  new CodedError('CAM_IO', { expected, actual, hint: 'check that the port is that of LLRP' })
