import type { ErrorCode, FrameSource, RejectOutput } from '../../contracts/index.ts'
import type { AlarmBoard } from './alarm-board.ts'

/** Faults that end with any new picture; others of the source end with the next part that is judged. */
const GONE: readonly ErrorCode[] = ['CAM_GONE', 'CAM_RESTARTS_EXHAUSTED']

/**
 * Tells the PLC that no part can be inspected while a camera stays away, and that it can be again. Looks at the camera
 * and not at the parts: where its fault stopped the line, no part would show that it is back.
 */
export class CameraWatch {
  readonly #source: Pick<FrameSource, 'health'>
  readonly #output: Pick<RejectOutput, 'setReady'>
  readonly #alarms: AlarmBoard
  #ready = false
  #ended = false

  constructor(
    source: Pick<FrameSource, 'health'>,
    output: Pick<RejectOutput, 'setReady'>,
    alarms: AlarmBoard,
  ) {
    this.#source = source
    this.#output = output
    this.#alarms = alarms
  }

  look(): void {
    if (this.#ended) return
    const { state } = this.#source.health()
    if (state === 'online' || state === 'late') this.#alarms.clearFault('source', GONE)
    this.#tell(this.#alarms.fault('source')?.code !== 'CAM_RESTARTS_EXHAUSTED')
  }

  /** No part is inspected any more. */
  end(): void {
    this.#ended = true
    this.#tell(false)
  }

  #tell(ready: boolean): void {
    if (ready !== this.#ready) this.#output.setReady((this.#ready = ready))
  }
}
