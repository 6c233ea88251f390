import { closeSync, constants, openSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'

/** Reads of an event device at once: 64 events of 24 bytes. */
const READ_BYTES = 1_536
/** Between two looks at a device that has nothing, ms. A scanner takes as long for one key. */
const LOOK_MS = 10

/**
 * The events of an input device (`/dev/input/event*`) as a stream of bytes. A read that waits would hold a thread of the
 * pool that all files share, and could not be ended, so the device is asked again and again.
 *
 * @throws ENOENT, EACCES and the like when it cannot be opened
 */
export function keyboardDevice(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(READ_BYTES)
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    try {
      const bytes = readSync(fd, buffer)
      stream.push(bytes === 0 ? null : Buffer.from(buffer.subarray(0, bytes)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') timer = setTimeout(look, LOOK_MS)
      else stream.destroy(error as Error)
    }
  }
  const stream = new Readable({
    read: look,
    destroy: (error, done) => {
      clearTimeout(timer)
      closeSync(fd)
      done(error)
    },
  })
  return stream
}
