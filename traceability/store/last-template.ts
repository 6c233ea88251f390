import type { CaptureRequest, FrameFormat } from '../../contracts/index.ts'
import { fileHash } from './image-files.ts'
import type { TemplateRef } from './record-codec.ts'
import type { StoredTemplate } from './store-ops.ts'

type Template = NonNullable<CaptureRequest['template']>
type KnownTemplate = Required<StoredTemplate>

/**
 * The golden template that came with the last frame of each station. A line shows the same one part after part, and to
 * hash and copy it costs thirty times as much as to see that it is the same. Its memory can be read in place by the
 * store thread and is never overwritten: another template gets memory of its own.
 */
export class LastTemplate {
  readonly #last = new Map<string, KnownTemplate>()

  /** @param template borrowed: compared or copied before this returns */
  of(station: string, { bytes, format }: Template): KnownTemplate {
    const last = this.#last.get(station)
    if (last && sameFormat(last.format, format) && asBuffer(last.bytes).equals(bytes)) return last
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
    copy.set(bytes)
    const template = { bytes: copy, format, sha256: fileHash(format, copy) }
    this.#last.set(station, template)
    return template
  }
}

/** As the record names it. */
export const templateRef = ({ sha256, format, bytes }: KnownTemplate): TemplateRef => ({
  sha256,
  format,
  byteLength: bytes.length,
})

const asBuffer = (b: Uint8Array): Buffer => Buffer.from(b.buffer, b.byteOffset, b.byteLength)

function sameFormat(a: FrameFormat, b: FrameFormat): boolean {
  if (a.kind === 'encoded') return b.kind === 'encoded' && a.mime === b.mime
  return b.kind === 'raw' && a.pixel === b.pixel && a.widthPx === b.widthPx && a.heightPx === b.heightPx
}
