import { createHash, randomFillSync } from 'node:crypto'

let lastMs = 0
let counter = 0
/** Random bytes are drawn for many ids at a time: the call costs more than the bytes. */
const random = new Uint8Array(8 * 128)
let unused = random.length

/** UUID version 7 (RFC 9562, 5.7): time-ordered; the 12 bits of rand_a count within a millisecond (method 1). */
export function uuidv7(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = 0
  } else {
    counter += 1
    if (counter > 0xfff) {
      lastMs += 1
      counter = 0
    }
  }
  if (unused >= random.length) {
    randomFillSync(random)
    unused = 0
  }
  const b = Buffer.alloc(16)
  b.writeUIntBE(lastMs, 0, 6)
  b.writeUInt16BE(0x7000 | counter, 6)
  b.set(random.subarray(unused, unused + 8), 8)
  unused += 8
  b.writeUInt8((b.readUInt8(8) & 0x3f) | 0x80, 8)
  return dashed(b)
}

/** When a UUID version 7 was made, by the clock of its maker: Unix time in ms. */
export const uuidMs = (id: string): number => Number.parseInt(id.slice(0, 13).replace('-', ''), 16)

/**
 * From now on the ids of this process come behind one that was made before it began, also where the clock was set back
 * since: who reads on from an id would not see those below it.
 */
export function idsBehind(id: string): void {
  const ms = uuidMs(id)
  // What no clock says (the year 6429) leaves no room for the ids behind it.
  if (!(ms >= lastMs && ms < 2 ** 47)) return
  lastMs = ms + 1
  counter = 0
}

/** UUID version 5 (RFC 9562, 5.5): the same name in the same namespace gives the same id. */
export function uuidv5(namespace: string, name: string): string {
  const hash = createHash('sha1')
  hash.update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
  hash.update(name, 'utf8')
  const b = hash.digest().subarray(0, 16)
  b.writeUInt8((b.readUInt8(6) & 0x0f) | 0x50, 6)
  b.writeUInt8((b.readUInt8(8) & 0x3f) | 0x80, 8)
  return dashed(b)
}

function dashed(b: Buffer): string {
  const h = b.toString('hex')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}
